import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { isMoeError } from '../../src/errors.ts';
import {
  readSealed,
  readSealedJson,
  writeDurably,
  writeSealed,
  writeSealedJson,
} from '../../src/files/index.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moe-files-'));
  path = join(folder, 'file');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const kind = { kind: 'standings', version: 2 } as const;
const schema = z.object({ owners: z.record(z.string(), z.string()), count: z.number() });
const keys = { owners: { treasury: '00ff', house: 'a"b' }, count: 0.1 };

/** Every single-bit flip and every shorter length of the file is refused, or read as it was written. */
function attack(read: () => unknown, written: unknown): { refused: number; harmless: number } {
  const bytes = readFileSync(path);
  const outcome = { refused: 0, harmless: 0 };
  const look = (damaged: Uint8Array): void => {
    writeFileSync(path, damaged);
    try {
      expect(read()).toEqual(written);
      outcome.harmless += 1;
    } catch (error) {
      if (!isMoeError(error, 'file-damaged')) throw error;
      expect(error.message).toContain(path);
      expect(error.message).not.toContain('\n');
      outcome.refused += 1;
    }
  };
  for (let at = 0; at < bytes.length; at += 1) {
    for (let bit = 1; bit < 256; bit *= 2) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= bit;
      look(damaged);
    }
    look(bytes.subarray(0, at));
  }
  return outcome;
}

describe('a sealed file', () => {
  it('is read as it was written, and absent when it is absent', () => {
    expect(readSealed(path, kind)).toBeUndefined();
    writeSealed(path, kind, Uint8Array.of(1, 2, 3));
    expect(readSealed(path, kind)).toEqual(Uint8Array.of(1, 2, 3));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(() => readSealed(path, { ...kind, version: 3 })).toThrow(
      "is not damaged, but was written by another version of this program: its version is 2, this one's is 3",
    );
    expect(() => readSealed(path, { ...kind, kind: 'places' })).toThrow('not a "places"');
  });

  it('that changed in any bit, or is shorter, is refused', () => {
    const content = Uint8Array.from({ length: 40 }, (_, index) => 7 * index);
    writeSealed(path, kind, content);
    expect(attack(() => readSealed(path, kind), content).harmless).toBe(0);
  });
});

describe('a sealed JSON file', () => {
  it('is read as it was written, for people too', () => {
    expect(readSealedJson(path, schema)).toBeUndefined();
    writeSealedJson(path, keys);
    expect(readSealedJson(path, schema)).toEqual(keys);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject(keys);
  });

  it('that changed in any bit, or is shorter, is refused unless it says the same', () => {
    writeSealedJson(path, keys);
    const { refused, harmless } = attack(() => readSealedJson(path, schema), keys);
    // Blanks between the fields may change into others, and the last line break may be missing.
    expect(harmless).toBeLessThan(60);
    expect(refused).toBeGreaterThan(1_000);
  });

  it('whose checksum was taken out is refused', () => {
    writeFileSync(path, JSON.stringify(keys));
    expect(() => readSealedJson(path, schema)).toThrow('checksum');
  });
});

describe('writing durably', () => {
  it('leaves the old content and nothing else where it fails', () => {
    writeDurably(path, 'old');
    const inWay = join(folder, 'way');
    expect(() => writeDurably(join(inWay, 'file'), 'x')).toThrow('ENOENT');
    writeDurably(path, 'new');
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(readdirSync(folder)).toEqual(['file']);
    expect(existsSync(inWay)).toBe(false);
  });
});
