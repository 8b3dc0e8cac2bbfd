import { emptyState } from '@market-of-experts/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrozenRecords } from '../../src/fold/frozen-records.ts';

const account = fc.record({ balanceMicro: fc.bigInt(0n, 9n), nonce: fc.nat({ max: 3 }) });
const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g');
const change = fc.record({ key, to: fc.option(account, { nil: undefined }) });

test('gives every record as it was at the beginning, whatever changes while it is read', () => {
  let interrupted = 0;
  fc.assert(
    fc.property(
      fc.dictionary(key, account),
      fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 12 }),
      (beginning, changes) => {
        const state = emptyState();
        for (const [name, record] of Object.entries(beginning)) state.accounts.set(name, record);
        state.network.set('network', { supplyMicro: 1n } as never);
        const expected = new Map(state.accounts);
        const records = new FrozenRecords(state);
        const found = new Map<string, unknown>();
        const reader = records[Symbol.iterator]();
        for (const batch of [...changes, undefined]) {
          for (const { key: name, to } of batch ?? []) {
            records.before('accounts', name);
            if (to === undefined) state.accounts.delete(name);
            else state.accounts.set(name, to);
          }
          // One record between two batches, and what is left at the end.
          for (let next = reader.next(); next.done !== true; next = reader.next()) {
            const [table, name, record] = next.value;
            if (table === 'network') continue;
            expect(table).toBe('accounts');
            found.set(name, record);
            if (batch !== undefined) interrupted += 1;
            if (batch !== undefined) break;
          }
        }
        expect(found).toEqual(expected);
      },
    ),
    { numRuns: 300 },
  );
  expect(interrupted).toBeGreaterThan(100);
});
