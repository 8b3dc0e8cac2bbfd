import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashBytes } from '@market-of-experts/core';
import { chunkPieces } from '@market-of-experts/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CalibrationStore } from '../src/calibration-store.ts';

const dimensions = 8;
let directory: string;
let store: CalibrationStore;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'moe-calibration-'));
  store = new CalibrationStore({ directory, dimensions });
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Unit vectors along changing axes. */
function chunk(shift: number): Int16Array {
  const vectors = new Int16Array(chunkPieces * dimensions);
  for (let piece = 0; piece < chunkPieces; piece++)
    vectors[piece * dimensions + ((piece + shift) % dimensions)] = piece % 2 === 0 ? 32_767 : -32_767;
  return vectors;
}

const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'nothing thrown';
};

describe('CalibrationStore', () => {
  it('returns each vector as a view of what was published, through a restart too', () => {
    const hash = store.publish('a', 0, chunk(0));
    store.publish('a', 1, chunk(3));
    for (const opened of [store, new CalibrationStore({ directory, dimensions })]) {
      expect(opened.count('a')).toBe(512);
      expect(opened.chunkHashes('a')[0]).toBe(hash);
      expect(opened.vectorAt('a', 257)).toEqual(chunk(3).subarray(dimensions, 2 * dimensions));
      expect(opened.vectorAt('a', 0).buffer).toBe(opened.vectorAt('a', 255).buffer);
      expect(hashBytes(opened.blob(hash)!)).toBe(hash);
    }
  });

  it('keeps what was published when the caller changes his array afterwards', () => {
    const vectors = chunk(0);
    store.publish('a', 0, vectors);
    vectors.fill(0);
    expect(store.vectorAt('a', 0)).toEqual(chunk(0).subarray(0, dimensions));
  });

  it('knows nothing of experts that published nothing', () => {
    expect(store.count('b')).toBe(0);
    expect(codeOf(() => store.vectorAt('b', 0))).toBe('calibration-missing');
    store.publish('a', 0, chunk(0));
    expect(codeOf(() => store.vectorAt('a', 256))).toBe('calibration-missing');
    expect(codeOf(() => store.vectorAt('a', -1))).toBe('calibration-missing');
  });

  it('takes chunks in order, once, and never changes one', () => {
    expect(codeOf(() => store.publish('a', 1, chunk(0)))).toBe('calibration-invalid');
    const hash = store.publish('a', 0, chunk(0));
    expect(store.publish('a', 0, chunk(0))).toBe(hash);
    expect(store.count('a')).toBe(256);
    expect(codeOf(() => store.publish('a', 0, chunk(1)))).toBe('calibration-conflict');
  });

  it('refuses vectors of another size or longer than one', () => {
    expect(codeOf(() => store.publish('a', 0, new Int16Array(7)))).toBe('calibration-invalid');
    expect(codeOf(() => store.publish('a', 0, chunk(0).fill(32_767)))).toBe('calibration-invalid');
    expect(store.count('a')).toBe(0);
  });

  it('imports chunks whose hashes are right and refuses a corrupt one whole', () => {
    const hashes = [store.publish('a', 0, chunk(0)), store.publish('a', 1, chunk(1))];
    const blobs = hashes.map((hash) => store.blob(hash)!);
    store.importChunks('b', hashes, blobs);
    expect(store.vectorAt('b', 300)).toEqual(store.vectorAt('a', 300));
    const corrupt = Uint8Array.from(blobs[1]!);
    corrupt[5]! ^= 1;
    expect(codeOf(() => store.importChunks('c', hashes, [blobs[0]!, corrupt]))).toBe('calibration-corrupt');
    expect(store.count('c')).toBe(0);
    expect(codeOf(() => store.importChunks('c', hashes, [blobs[0]!]))).toBe('calibration-invalid');
  });

  it('leaves out what was damaged on disk, and takes it again', () => {
    const first = store.publish('a', 0, chunk(0));
    const second = store.publish('a', 1, chunk(1));
    writeFileSync(join(directory, `${second}.bin`), new Uint8Array(chunkPieces * dimensions * 2));
    const opened = new CalibrationStore({ directory, dimensions });
    expect(opened.chunkHashes('a')).toEqual([first]);
    expect(opened.publish('a', 1, chunk(1))).toBe(second);
    expect(new CalibrationStore({ directory, dimensions }).count('a')).toBe(512);
    expect(readdirSync(directory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('says what to do when the index is damaged', () => {
    store.publish('a', 0, chunk(0));
    writeFileSync(join(directory, 'index.json'), '{"a":["no hash"]}');
    expect(codeOf(() => new CalibrationStore({ directory, dimensions }))).toBe('calibration-corrupt');
  });
});
