import { endianness } from 'node:os';
import { crc32 } from 'node:zlib';
import { BlobFiles } from '../files/blob-files.ts';
import type { Forgotten } from './history-folder.ts';

/** What opening a history would otherwise have to read from every record. */
export interface Summary extends Forgotten {
  /** Which rows it covers: those before this one that were not forgotten. */
  readonly endRow: number;
  /** First bytes of the job id of the last row: rows that were restored from elsewhere are not its own. */
  readonly lastJobKey: number;
  /** Records that were kept. */
  readonly kept: number;
  /** Rows of {@link WorkerTallies.rows}. */
  readonly tallies: Float64Array;
  /** {@link JobTable.slots}. */
  readonly jobs: Uint32Array;
}

const name = 'summary.bin';
const version = 1;
const headNumbers = 8;

/**
 * One file: eight float64 (version, end row, key of the last job, first row, time, records kept, lengths of the two
 * arrays), the two arrays, CRC-32 of all that; in the byte order of the machine. Replaced as a whole.
 */
export class SummaryFile {
  readonly #files: BlobFiles;

  constructor(directory: string) {
    this.#files = new BlobFiles(directory);
  }

  /** Undefined when there is none that can be used: the records themselves are what counts. */
  read(): Summary | undefined {
    const bytes = this.#files.readNamed(name);
    if (bytes === undefined || bytes.length < 8 * headNumbers + 4) return undefined;
    const body = bytes.slice(0, -4);
    const sum = new DataView(bytes.buffer, bytes.byteOffset + body.length).getUint32(
      0,
      endianness() === 'LE',
    );
    if (crc32(body) !== sum) return undefined;
    const [found, endRow, lastJobKey, firstRow, beforeMs, kept, tallies, jobs] = new Float64Array(
      body.buffer,
      body.byteOffset,
      headNumbers,
    ) as unknown as [number, number, number, number, number, number, number, number];
    if (found !== version || body.length !== 8 * (headNumbers + tallies) + 4 * jobs) return undefined;
    const start = body.byteOffset + 8 * headNumbers;
    return {
      endRow,
      lastJobKey,
      firstRow,
      beforeMs,
      kept,
      tallies: new Float64Array(body.buffer, start, tallies),
      jobs: new Uint32Array(body.buffer, start + 8 * tallies, jobs),
    };
  }

  write({ endRow, lastJobKey, firstRow, beforeMs, kept, tallies, jobs }: Summary): void {
    const head = Float64Array.of(
      version,
      endRow,
      lastJobKey,
      firstRow,
      beforeMs,
      kept,
      tallies.length,
      jobs.length,
    );
    const body = Buffer.concat([head, tallies, jobs].map(bytesOf));
    this.#files.writeNamed(name, Buffer.concat([body, bytesOf(Uint32Array.of(crc32(body)))]));
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float64Array | Uint32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
