/** A limit that a quick machine keeps is no limit for a busy one: tests have the patience of `vitest.config.ts`, or more. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const leastMs = 300_000;
/** As an option, and as the last argument of `it` and its like. */
const limits = [/\btimeout: ([\d_]+)/g, /^ {0,4}\}, ([\d_]+)\);$/gm];

it('no test gives itself, or what it waits for, less time', () => {
  const files = globSync(['packages/*/test/**/*.test.ts', 'test/**/*.test.ts', 'benchmarks/**/*.test.ts'], {
    cwd: root,
  });
  expect(files).toContain('test/patience.test.ts');
  const hasty = files.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return limits
      .flatMap((limit) => [...text.matchAll(limit)])
      .filter(([, ms]) => Number(ms!.replaceAll('_', '')) < leastMs)
      .map(([found]) => `${file}: ${found.trim()}`);
  });
  expect(hasty).toEqual([]);
});
