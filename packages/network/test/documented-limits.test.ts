import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { defaultNetworkLimits } from '../src/limits.ts';

const units: Readonly<Record<string, number>> = { '': 1, MiB: 1024 * 1024, min: 60_000, s: 1_000 };

it('has the defaults that LIMITS.md tells, all of them', () => {
  const page = readFileSync(join(import.meta.dirname, '../LIMITS.md'), 'utf8');
  const told = [...page.matchAll(/^\| `(\w+)`[^|]*\| *([\d,]+) ?(\w*) *\|/gm)].map(
    ([, name, number, unit]) => [name!, Number(number!.replaceAll(',', '')) * units[unit!]!] as const,
  );
  expect(Object.fromEntries(told)).toEqual(defaultNetworkLimits);
  for (const [name, value] of told)
    expect(value, name).toBe(defaultNetworkLimits[name as keyof typeof defaultNetworkLimits]);
});
