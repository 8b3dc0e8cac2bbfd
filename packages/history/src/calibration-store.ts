import { join } from 'node:path';
import { type Hash, hashBytes, hashSchema, MoeError, messageOf } from '@market-of-experts/core';
import { readSealedJson, writeSealedJson } from '@market-of-experts/core/files';
import { chunkPieces, isQuantisedUnit } from '@market-of-experts/protocol';
import { z } from 'zod';
import { BlobFiles } from './files/blob-files.ts';

const maximumExperts = 4096;
const maximumChunks = 64;

export interface CalibrationStoreInit {
  /** Folder of the chunk files and of the index that says whose they are. */
  readonly directory: string;
  /** Length of a vector. */
  readonly dimensions: number;
}

const indexSchema = z.record(z.string(), z.array(hashSchema).max(maximumChunks));

/**
 * Every expert's int16 vectors of the calibration pieces, a growing prefix in chunks of 256: content-addressed
 * (little-endian, SHA-256), so that a ledger names them by hash and anyone can check them. In memory and on disk.
 */
export class CalibrationStore {
  readonly #dimensions: number;
  readonly #files: BlobFiles;
  readonly #indexPath: string;
  readonly #chunks = new Map<string, { readonly hash: Hash; readonly vectors: Int16Array }[]>();
  readonly #blobs = new Map<Hash, Uint8Array>();

  /** Opens the folder; chunks that are missing or damaged on disk are left out, with all that follow them. */
  constructor(init: CalibrationStoreInit) {
    this.#dimensions = init.dimensions;
    this.#files = new BlobFiles(init.directory);
    this.#indexPath = join(init.directory, 'index.json');
    for (const [expert, hashes] of Object.entries(this.#readIndex())) {
      for (const hash of hashes) {
        const blob = this.#files.read(hash);
        if (blob === undefined || blob.length !== this.#chunkBytes) break;
        this.#add(expert, hash, blob);
      }
    }
  }

  /**
   * Adds an expert's next chunk (`256 × dimensions` components) and returns its hash once it is on disk. The same
   * chunk again changes nothing. Throws `calibration-invalid` (size, order, vectors longer than one) or
   * `calibration-conflict` when the place holds other vectors.
   */
  publish(expertId: string, chunkIndex: number, vectors: Int16Array): Hash {
    const blob = toLittleEndian(vectors);
    const hash = hashBytes(blob);
    this.#accept(expertId, chunkIndex, hash, blob);
    return hash;
  }

  /** Takes over an expert's chunks from elsewhere, as {@link publish} does, if every blob has its hash. */
  importChunks(expertId: string, hashes: readonly Hash[], blobs: readonly Uint8Array[]): void {
    if (hashes.length !== blobs.length)
      throw new MoeError('calibration-invalid', `${hashes.length} hashes came with ${blobs.length} chunks.`);
    for (const [index, blob] of blobs.entries()) {
      const hash = hashes[index]!;
      if (hashBytes(blob) !== hash)
        throw new MoeError(
          'calibration-corrupt',
          `Chunk ${index} of expert ${expertId} does not have the hash ${hash}. Ask another node for it.`,
        );
    }
    for (const [index, blob] of blobs.entries()) this.#accept(expertId, index, hashes[index]!, blob);
  }

  experts(): string[] {
    return [...this.#chunks.keys()];
  }

  chunkHashes(expertId: string): Hash[] {
    return (this.#chunks.get(expertId) ?? []).map(({ hash }) => hash);
  }

  /** Pieces that the expert has published so far. */
  count(expertId: string): number {
    return (this.#chunks.get(expertId)?.length ?? 0) * chunkPieces;
  }

  /** The expert's vector of a piece: a view, not to be changed. Throws `calibration-missing`. */
  vectorAt(expertId: string, index: number): Int16Array {
    const chunk = this.#chunks.get(expertId)?.[Math.floor(index / chunkPieces)];
    if (chunk === undefined || index < 0)
      throw new MoeError(
        'calibration-missing',
        `Expert ${expertId} has published ${this.count(expertId)} calibration vectors; number ${index} was asked for.`,
      );
    const start = (index % chunkPieces) * this.#dimensions;
    return chunk.vectors.subarray(start, start + this.#dimensions);
  }

  /** The bytes of a chunk: a view, not to be changed. */
  blob(hash: Hash): Uint8Array | undefined {
    return this.#blobs.get(hash);
  }

  get #chunkBytes(): number {
    return chunkPieces * this.#dimensions * Int16Array.BYTES_PER_ELEMENT;
  }

  #accept(expertId: string, chunkIndex: number, hash: Hash, blob: Uint8Array): void {
    const known = this.#chunks.get(expertId) ?? [];
    const invalid = (why: string): MoeError =>
      new MoeError('calibration-invalid', `Chunk ${chunkIndex} of expert ${expertId}: ${why}.`);
    if (blob.length !== this.#chunkBytes)
      throw invalid(`it has ${blob.length} bytes instead of ${this.#chunkBytes}`);
    const present = known[chunkIndex];
    if (present !== undefined) {
      if (present.hash === hash) return;
      throw new MoeError(
        'calibration-conflict',
        `Expert ${expertId} has published other vectors as chunk ${chunkIndex}; published chunks cannot change.`,
      );
    }
    if (chunkIndex !== known.length) throw invalid(`number ${known.length} is next`);
    if (chunkIndex >= maximumChunks) throw invalid(`at most ${maximumChunks} are kept`);
    if (known.length === 0 && this.#chunks.size >= maximumExperts)
      throw invalid(`vectors of at most ${maximumExperts} experts are kept`);
    const vectors = fromLittleEndian(blob);
    for (let piece = 0; piece < chunkPieces; piece++) {
      const start = piece * this.#dimensions;
      if (!isQuantisedUnit(vectors.subarray(start, start + this.#dimensions)))
        throw invalid(`vector ${piece} is longer than a unit vector`);
    }
    this.#files.write(hash, blob);
    this.#add(expertId, hash, blob);
    this.#writeIndex();
  }

  #add(expertId: string, hash: Hash, blob: Uint8Array): void {
    const vectors = fromLittleEndian(blob);
    const chunks = this.#chunks.get(expertId) ?? [];
    chunks.push({ hash, vectors });
    this.#chunks.set(expertId, chunks);
    this.#blobs.set(hash, blob);
  }

  #readIndex(): z.infer<typeof indexSchema> {
    const damaged = (cause: MoeError): MoeError =>
      new MoeError(
        'calibration-corrupt',
        `The index of calibration vectors ${this.#indexPath} is damaged (${messageOf(cause)}). Delete the folder; experts publish again.`,
        { metadata: { path: this.#indexPath }, cause },
      );
    return readSealedJson(this.#indexPath, z.object({ experts: indexSchema }), damaged)?.experts ?? {};
  }

  #writeIndex(): void {
    const experts = Object.fromEntries(
      [...this.#chunks].map(([expert, chunks]) => [expert, chunks.map(({ hash }) => hash)]),
    );
    writeSealedJson(this.#indexPath, { experts }, 0o644);
  }
}

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function toLittleEndian(vectors: Int16Array): Uint8Array {
  // A copy: the caller may go on to use his array.
  const bytes = Buffer.from(
    vectors.buffer.slice(vectors.byteOffset, vectors.byteOffset + vectors.byteLength),
  );
  return isLittleEndian ? bytes : bytes.swap16();
}

function fromLittleEndian(blob: Uint8Array): Int16Array {
  const bytes = Buffer.from(blob);
  if (!isLittleEndian) bytes.swap16();
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
