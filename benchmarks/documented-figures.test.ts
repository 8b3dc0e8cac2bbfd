/** Figures of the README that no machine's speed changes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { kindsOf, mixedTransactions } from './ledger/mixed-transactions.ts';

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');

it('the mix of transactions has as many kinds as the README says', () => {
  const told = /a mix of all (\d+) kinds of transaction/.exec(readme)?.[1];
  expect(Object.keys(kindsOf(mixedTransactions(5_000)))).toHaveLength(Number(told));
});

it('every benchmark that the README names is there, with the options that it names', () => {
  const commands = [...readme.matchAll(/`npm run bench -- ([a-z-]+)([^`]*)`/g)];
  expect(commands.length).toBeGreaterThan(10);
  for (const [, name, options] of commands) {
    const source = readFileSync(join(import.meta.dirname, `${name}.ts`), 'utf8');
    for (const [, option] of options!.matchAll(/--([a-z-]+)/g))
      expect(source).toMatch(new RegExp(`\\b${option}\\b`));
  }
});
