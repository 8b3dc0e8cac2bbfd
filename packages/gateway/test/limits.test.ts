import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { defaultLimits } from '../src/limits.ts';

it('has the defaults that docs/reference/http-api.md tells', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../../docs/reference/http-api.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-zA-Z]+)` \| (\d+) \|/gm)];
  expect(Object.fromEntries(rows.map(([, name, value]) => [name, Number(value)]))).toEqual(defaultLimits);
});
