import fc from 'fast-check';
import { expect, test } from 'vitest';
import { draftOn } from '../../../src/ledger/state/draft.ts';
import { emptyState } from '../../../src/ledger/state/state.ts';

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const account = fc.nat({ max: 3 }).map((nonce) => ({ balanceMicro: 1n, nonce }));
const step = fc.oneof(
  fc.record({ kind: fc.constant('set'), key, account }),
  fc.record({ kind: fc.constant('delete'), key, account }),
  fc.record({ kind: fc.constantFrom('commit', 'drop'), key, account }),
);

test('a draft reads like a map with its changes, and the state like one without them', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const state = emptyState();
      let draft = draftOn(state);
      let below = new Map<string, { balanceMicro: bigint; nonce: number }>();
      let above = new Map(below);
      let touched = new Set<string>();
      for (const { kind, key, account } of steps) {
        if (kind === 'set') {
          draft.accounts.set(key, account);
          above.set(key, account);
          touched.add(key);
        } else if (kind === 'delete') {
          draft.accounts.delete(key);
          above.delete(key);
          touched.add(key);
        } else {
          if (kind === 'commit') {
            draft.commit();
            below = new Map(above);
          } else {
            draft = draftOn(state);
            above = new Map(below);
          }
          touched = new Set();
        }
        expect(new Map(draft.accounts.entries())).toEqual(above);
        expect([...draft.accounts.entries()]).toHaveLength(above.size);
        for (const name of ['a', 'b', 'c', 'd', 'e'])
          expect(draft.accounts.get(name)).toEqual(above.get(name));
        expect([...draft.touched()].sort()).toEqual([...touched].sort().map((name) => ['accounts', name]));
        expect(state.accounts).toEqual(below);
      }
    }),
  );
});

test('a walk over a table sees what was there when it began', () => {
  const state = emptyState();
  state.accounts.set('a', { balanceMicro: 1n, nonce: 0 });
  const draft = draftOn(state);
  draft.accounts.set('b', { balanceMicro: 2n, nonce: 0 });
  const seen: string[] = [];
  for (const [name, record] of draft.accounts.entries()) {
    seen.push(name);
    draft.accounts.delete(name);
    draft.accounts.set(`${name}'`, record);
  }
  expect(seen.sort()).toEqual(['a', 'b']);
  expect([...draft.accounts.entries()].map(([name]) => name).sort()).toEqual(["a'", "b'"]);
});
