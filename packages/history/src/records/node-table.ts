import { closeSync, constants, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { MoeError, type NodeId } from '@market-of-experts/core';
import { damagedHistory } from './history-folder.ts';

const idBytes = 32;
/** An id and the CRC-32 of its number and itself. */
const entryBytes = idBytes + 4;
const maximumNodes = 1_000_000;

/**
 * Numbers for nodes, so that a record names each in four bytes. With a file, a node is written before any record can
 * name it, and half an entry that a crash left is cut off.
 */
export class NodeTable {
  readonly #ids: NodeId[] = [];
  readonly #indices = new Map<NodeId, number>();
  readonly #file: number | undefined;

  constructor(path: string | undefined) {
    if (path === undefined) return;
    this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644);
    const bytes = readFileSync(path);
    const nodes = nodesIn(bytes, path);
    for (const node of nodes) this.#remember(node);
    ftruncateSync(this.#file, nodes.length * entryBytes);
  }

  get size(): number {
    return this.#ids.length;
  }

  id(index: number): NodeId {
    return this.#ids[index]!;
  }

  known(node: NodeId): number | undefined {
    return this.#indices.get(node);
  }

  /** The node's number, a new one when it is seen for the first time. Throws `history-full`. */
  index(node: NodeId): number {
    const known = this.#indices.get(node);
    if (known !== undefined) return known;
    if (this.#ids.length >= maximumNodes)
      throw new MoeError(
        'history-full',
        `The history knows ${maximumNodes} nodes, which is the limit. Delete its folder to start a new one.`,
      );
    if (this.#file !== undefined) this.#write(this.#file, node);
    return this.#remember(node);
  }

  sync(): void {
    if (this.#file !== undefined) fsyncSync(this.#file);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }

  /** Where it belongs, so that the half of an entry that a full disk left is written over. */
  #write(file: number, node: NodeId): void {
    const index = this.#ids.length;
    const entry = Buffer.alloc(entryBytes);
    entry.write(node, 0, idBytes, 'hex');
    entry.writeUInt32LE(checksumOf(index, entry.subarray(0, idBytes)), idBytes);
    for (let done = 0; done < entryBytes; )
      done += writeSync(file, entry, done, entryBytes - done, index * entryBytes + done);
  }

  #remember(node: NodeId): number {
    this.#ids.push(node);
    this.#indices.set(node, this.#ids.length - 1);
    return this.#ids.length - 1;
  }
}

/** The nodes of such a file. Throws `history-corrupt`. */
export function nodesIn(bytes: Buffer, path: string): NodeId[] {
  const nodes: NodeId[] = [];
  for (let index = 0; index < Math.floor(bytes.length / entryBytes); index += 1) {
    const id = bytes.subarray(index * entryBytes, index * entryBytes + idBytes);
    if (bytes.readUInt32LE(index * entryBytes + idBytes) !== checksumOf(index, id)) continue;
    // What a power cut left unwritten lies at the end; a bad entry before a good one has changed since.
    if (nodes.length < index) throw damagedHistory(path, `node ${nodes.length} of it has changed`);
    nodes.push(id.toString('hex') as NodeId);
  }
  return nodes;
}

function checksumOf(index: number, id: Uint8Array): number {
  return crc32(id, index);
}
