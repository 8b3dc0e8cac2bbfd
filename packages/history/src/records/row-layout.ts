import { crc32 } from 'node:zlib';
import type { Hash, NodeId } from '@market-of-experts/core';
import { excessSteps, type HistoryOutcome, type HistoryRecord, type RecordLimits } from './record.ts';

const outcomeBytes = 20;
const jobBytes = 32;
const atMs = 32;
const feeMicro = 40;
const inverseLength = 48;
const place = 52;
const winner = 54;
const outcomeCount = 55;
const checksum = 56;
const outcomes = 60;
const nobody = 255;

/** Bytes that hold a run of rows. */
export interface RowBlock {
  readonly bytes: Uint8Array;
  readonly vectors: Int8Array;
  readonly view: DataView;
}

export function rowBlock(bytes: Uint8Array): RowBlock {
  return {
    bytes,
    vectors: new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length),
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
  };
}

/** Whole numbers of one outcome as it is kept: what running sums are made of. */
export interface RowOutcome {
  readonly workerIndex: number;
  readonly lossUnits: number;
  readonly excessSteps: number;
  readonly latencyMs: number;
  readonly won: boolean;
}

/**
 * A record as bytes of one size, little-endian: the vector (int8), job id, time (float64), fee (uint64), 1/length of
 * the vector (float32), place (uint16), winner's place in the list (uint8), number of outcomes (uint8), CRC-32 of all
 * other bytes, then for each outcome five uint32: principal, worker (numbers of nodes), loss, excess, latency.
 */
export class RowLayout {
  readonly rowBytes: number;
  readonly #dimensions: number;
  readonly #head: number;

  constructor({ dimensions, outcomesPerRecord }: Pick<RecordLimits, 'dimensions' | 'outcomesPerRecord'>) {
    this.#dimensions = dimensions;
    this.#head = 4 * Math.ceil(dimensions / 4);
    this.rowBytes = 8 * Math.ceil((this.#head + outcomes + outcomesPerRecord * outcomeBytes) / 8);
  }

  encode(record: HistoryRecord, nodeIndex: (node: NodeId) => number): Uint8Array {
    const row = new Uint8Array(this.rowBytes);
    const { vectors, view } = rowBlock(row);
    const head = this.#head;
    vectors.set(record.vector);
    row.set(Buffer.from(record.order, 'hex'), head);
    view.setFloat64(head + atMs, record.atMs, true);
    view.setBigUint64(head + feeMicro, record.feeMicro, true);
    view.setFloat32(head + inverseLength, 1 / lengthOf(record.vector), true);
    view.setUint16(head + place, record.place, true);
    const won = record.outcomes.findIndex((outcome) => outcome.won);
    view.setUint8(head + winner, won < 0 ? nobody : won);
    view.setUint8(head + outcomeCount, record.outcomes.length);
    for (const [index, outcome] of record.outcomes.entries()) {
      const at = head + outcomes + index * outcomeBytes;
      view.setUint32(at, nodeIndex(outcome.principal), true);
      view.setUint32(at + 4, nodeIndex(outcome.worker), true);
      view.setUint32(at + 8, outcome.lossUnits, true);
      view.setInt32(at + 12, Math.round(outcome.excessUnits * excessSteps), true);
      view.setUint32(at + 16, Math.round(outcome.latencyMs), true);
    }
    view.setUint32(head + checksum, this.#crc(row, 0), true);
    return row;
  }

  decode(block: RowBlock, start: number, node: (index: number) => NodeId): HistoryRecord {
    const { view } = block;
    const head = start + this.#head;
    const won = view.getUint8(head + winner);
    const list: HistoryOutcome[] = [];
    for (let index = 0; index < view.getUint8(head + outcomeCount); index += 1) {
      const at = head + outcomes + index * outcomeBytes;
      list.push({
        principal: node(view.getUint32(at, true)),
        worker: node(view.getUint32(at + 4, true)),
        lossUnits: view.getUint32(at + 8, true),
        excessUnits: view.getInt32(at + 12, true) / excessSteps,
        won: index === won,
        latencyMs: view.getUint32(at + 16, true),
      });
    }
    return {
      order: this.order(block, start),
      atMs: view.getFloat64(head + atMs, true),
      place: view.getUint16(head + place, true),
      vector: this.vector(block, start),
      feeMicro: view.getBigUint64(head + feeMicro, true),
      winner: won === nobody ? null : list[won]!.principal,
      outcomes: list,
    };
  }

  /** A view. */
  vector(block: RowBlock, start: number): Int8Array {
    return block.vectors.subarray(start, start + this.#dimensions);
  }

  /** Cosine of the row's vector and a unit query. */
  similarity(block: RowBlock, start: number, query: Float32Array): number {
    const { vectors } = block;
    // Four sums, because each addition has to wait for the one before it.
    let first = 0;
    let second = 0;
    let third = 0;
    let fourth = 0;
    let axis = 0;
    for (; axis + 3 < query.length; axis += 4) {
      first += query[axis]! * vectors[start + axis]!;
      second += query[axis + 1]! * vectors[start + axis + 1]!;
      third += query[axis + 2]! * vectors[start + axis + 2]!;
      fourth += query[axis + 3]! * vectors[start + axis + 3]!;
    }
    for (; axis < query.length; axis += 1) first += query[axis]! * vectors[start + axis]!;
    const product = first + second + third + fourth;
    return product * block.view.getFloat32(start + this.#head + inverseLength, true);
  }

  order({ bytes }: RowBlock, start: number): Hash {
    const at = start + this.#head;
    return Buffer.from(bytes.buffer, bytes.byteOffset + at, jobBytes).toString('hex') as Hash;
  }

  /** The id's first four bytes as a number; ids are hashes, so these are as good as random. */
  jobKey({ view }: RowBlock, start: number): number {
    return view.getUint32(start + this.#head, true);
  }

  isJob({ bytes }: RowBlock, start: number, job: Uint8Array): boolean {
    const at = start + this.#head;
    for (let index = 0; index < jobBytes; index += 1) if (bytes[at + index] !== job[index]) return false;
    return true;
  }

  atMs({ view }: RowBlock, start: number): number {
    return view.getFloat64(start + this.#head + atMs, true);
  }

  forEachOutcome({ view }: RowBlock, start: number, visit: (outcome: RowOutcome) => void): void {
    const head = start + this.#head;
    const won = view.getUint8(head + winner);
    for (let index = 0; index < view.getUint8(head + outcomeCount); index += 1) {
      const at = head + outcomes + index * outcomeBytes;
      visit({
        workerIndex: view.getUint32(at + 4, true),
        lossUnits: view.getUint32(at + 8, true),
        excessSteps: view.getInt32(at + 12, true),
        latencyMs: view.getUint32(at + 16, true),
        won: index === won,
      });
    }
  }

  /** Whether a row is as it was written and names only nodes below `nodes`. */
  isSound(block: RowBlock, start: number, nodes: number): boolean {
    const { bytes, view } = block;
    if (view.getUint32(start + this.#head + checksum, true) !== this.#crc(bytes, start)) return false;
    for (let index = 0; index < view.getUint8(start + this.#head + outcomeCount); index += 1) {
      const at = start + this.#head + outcomes + index * outcomeBytes;
      if (view.getUint32(at, true) >= nodes || view.getUint32(at + 4, true) >= nodes) return false;
    }
    return true;
  }

  #crc(bytes: Uint8Array, start: number): number {
    const at = start + this.#head + checksum;
    return crc32(bytes.subarray(at + 4, start + this.rowBytes), crc32(bytes.subarray(start, at)));
  }
}

function lengthOf(vector: Int8Array): number {
  let squares = 0;
  for (let axis = 0; axis < vector.length; axis += 1) squares += vector[axis]! * vector[axis]!;
  return Math.sqrt(squares);
}
