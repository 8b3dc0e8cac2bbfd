import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cheapestToLose } from '../../src/ranking/pruning.ts';

interface PruningFile {
  readonly min_non_immune_uids: number;
  readonly vectors: readonly {
    readonly name: string;
    readonly block?: number;
    readonly immunity_period?: number;
    readonly reg?: readonly number[];
    readonly emission: readonly number[];
    readonly owner_immortal: readonly number[];
    readonly expected: number;
  }[];
}
const path = join(import.meta.dirname, '..', '..', 'vectors', 'yuma', 'pruning.json');
const file = JSON.parse(readFileSync(path, 'utf8')) as PruningFile;

test.each(file.vectors)('subtensor: $name', (vector) => {
  // Where a vector names no block, nobody's registration matters but for its order: all is one block.
  const { reg = vector.emission.map(() => 0), immunity_period: period = 0 } = vector;
  const block = vector.block ?? Math.max(...reg);
  const candidates = vector.emission.map((emission, uid) => ({
    emission,
    registeredAt: reg[uid]!,
    isImmune: block - reg[uid]! < period,
    isImmortal: vector.owner_immortal.includes(uid),
  }));
  expect(cheapestToLose(candidates, file.min_non_immune_uids)).toBe(vector.expected);
});

test('so many without immunity must remain; nobody goes where nobody may', () => {
  const free = { emission: 1n, registeredAt: 0, isImmune: false };
  const immune = { emission: 9n, registeredAt: 5, isImmune: true };
  expect(cheapestToLose([immune, free], 0)).toBe(1);
  expect(cheapestToLose([immune, free], 1)).toBe(0);
  expect(cheapestToLose([free], 1)).toBeUndefined();
  expect(cheapestToLose([{ ...free, isImmortal: true }])).toBeUndefined();
  expect(cheapestToLose([])).toBeUndefined();
});
