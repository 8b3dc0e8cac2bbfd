import type { Hash } from '@market-of-experts/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyTransaction } from '../../../src/ledger/apply.ts';
import { StateTree, stateRoot, verifyAccountProof } from '../../../src/ledger/proofs/state-root.ts';
import { draftOn } from '../../../src/ledger/state/draft.ts';
import { emptyState, type LedgerState } from '../../../src/ledger/state/state.ts';
import { genesis, idOf, OWNERS, transactionFrom } from '../ledger-fixture.ts';

function stateWith(accounts: number): LedgerState {
  const state = emptyState();
  applyTransaction(state, genesis());
  for (let index = 0; index < accounts; index += 1)
    applyTransaction(
      state,
      transactionFrom(state, 'alice', { kind: 'transfer', to: idOf(`reader ${index}`), amountMicro: 7n }),
    );
  return state;
}

test('every account has a proof that holds for it alone, and who was never seen has one, too', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 20 }), (accounts) => {
      const tree = new StateTree(stateWith(accounts));
      const root = tree.root();
      for (const name of [...OWNERS, 'reader 0', 'reader 19', 'never seen']) {
        const proof = tree.proveAccount(idOf(name));
        expect(verifyAccountProof(root, proof)).toBe(true);
        const record = proof.record ?? { balanceMicro: 0n, nonce: 0 };
        const richer = { ...record, balanceMicro: record.balanceMicro + 1n };
        expect(verifyAccountProof(root, { ...proof, record: richer })).toBe(false);
        const another = idOf(name === 'bob' ? 'carol' : 'bob');
        expect(verifyAccountProof(root, { ...proof, account: another })).toBe(false);
        expect(verifyAccountProof(root, { ...proof, siblings: proof.siblings.slice(33) })).toBe(false);
        expect(verifyAccountProof('0'.repeat(64) as Hash, proof)).toBe(false);
        const { record: _, ...silent } = proof;
        expect(verifyAccountProof(root, silent)).toBe(proof.record === undefined);
      }
    }),
    { numRuns: 21 },
  );
});

test('the root does not depend on the order in which records were made', () => {
  const state = stateWith(9);
  const reversed: LedgerState = { ...state, accounts: new Map([...state.accounts].reverse()) };
  expect(stateRoot(reversed)).toBe(stateRoot(state));
  expect(stateRoot(stateWith(8))).not.toBe(stateRoot(state));
});

test('the same record under another key or in another table gives another root', () => {
  const record = { balanceMicro: 5n, nonce: 1 };
  const roots = [
    { ...emptyState(), accounts: new Map([['a', record]]) },
    { ...emptyState(), accounts: new Map([['b', record]]) },
    { ...emptyState(), prepaid: new Map([['a', record]]) as unknown as LedgerState['prepaid'] },
    emptyState(),
  ].map(stateRoot);
  expect(new Set(roots).size).toBe(roots.length);
});

test('a tree that is told what was touched keeps up with the state, however its work is cut up', () => {
  const change = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    balance: fc.option(fc.bigInt(0n, 3n), { nil: undefined }),
    limit: fc.option(fc.nat({ max: 4 })),
    isCommitted: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const state = stateWith(3);
      const tree = new StateTree(state);
      const draft = draftOn(state);
      for (const { key, balance, limit, isCommitted } of changes) {
        if (balance === undefined) draft.accounts.delete(key);
        else draft.accounts.set(key, { balanceMicro: balance, nonce: 0 });
        if (isCommitted) {
          for (const touched of draft.touched()) tree.touch(...touched);
          draft.commit();
        }
        if (limit !== null) tree.advance(limit);
      }
      for (const touched of draft.touched()) tree.touch(...touched);
      draft.commit();
      expect(tree.root()).toBe(stateRoot(state));
      expect(tree.advance(0)).toBe(true);
    }),
    { numRuns: 200 },
  );
});
