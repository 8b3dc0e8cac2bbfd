import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readSealed, type SealedKind, writeSealed } from '@market-of-experts/core/files';
import type { BaseEncoder } from '../house/task-skills.ts';
import { textKeyBytes } from './text-key.ts';

const sealed: SealedKind = { kind: 'text-positions', version: 1 };

/** Where texts of the reserve lie, by their keys: computed once and kept, and made again where the file is lost or of another encoder. */
export type TextPositions = Map<string, Int8Array>;

export function textPositionsFile(dataDir: string): string {
  return join(dataDir, 'reserve', 'positions.bin');
}

/** None where there is no such file, it is damaged, or of another encoder. */
export function readTextPositions(
  path: string,
  encoder: Pick<BaseEncoder, 'name' | 'dimensions'>,
): TextPositions {
  const positions: TextPositions = new Map();
  let content: Buffer;
  try {
    content = Buffer.from(readSealed(path, sealed) ?? []);
  } catch {
    return positions;
  }
  const head = headOf(encoder);
  const width = textKeyBytes + encoder.dimensions;
  if (!content.subarray(0, head.length).equals(head)) return positions;
  for (let at = head.length; at + width <= content.length; at += width)
    positions.set(
      content.toString('hex', at, at + textKeyBytes),
      new Int8Array(content.subarray(at + textKeyBytes, at + width)),
    );
  return positions;
}

/** Throws `file-unwritable`. */
export function writeTextPositions(
  path: string,
  encoder: Pick<BaseEncoder, 'name' | 'dimensions'>,
  positions: Iterable<readonly [string, Int8Array]>,
): void {
  const rows = [...positions].flatMap(([key, position]) => [
    Buffer.from(key, 'hex'),
    new Uint8Array(position.buffer, position.byteOffset, position.length),
  ]);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeSealed(path, sealed, Buffer.concat([headOf(encoder), ...rows]));
}

/** Name and length of the vectors, ended by a line break. */
function headOf({ name, dimensions }: Pick<BaseEncoder, 'name' | 'dimensions'>): Buffer {
  return Buffer.from(`${JSON.stringify([name, dimensions])}\n`);
}
