import type { Hash } from '@moe/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyTransaction } from './apply.ts';
import { genesis, idOf, transactionFrom } from './ledger-fixture.ts';
import { emptyState, type LedgerState } from './state.ts';
import { proveAccount, stateRoot, verifyAccountProof } from './state-root.ts';

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

test('every account has a proof that holds for it alone', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 20 }), (accounts) => {
      const state = stateWith(accounts);
      const root = stateRoot(state);
      for (const account of state.accounts.keys()) {
        const proof = proveAccount(state, account as ReturnType<typeof idOf>)!;
        expect(verifyAccountProof(root, proof)).toBe(true);
        const richer = { ...proof.record, balanceMicro: proof.record.balanceMicro + 1n };
        expect(verifyAccountProof(root, { ...proof, record: richer })).toBe(false);
        expect(verifyAccountProof(root, { ...proof, account: idOf('somebody else') })).toBe(false);
        expect(verifyAccountProof(root, { ...proof, siblings: proof.siblings.slice(1) })).toBe(false);
        expect(verifyAccountProof('0'.repeat(64) as Hash, proof)).toBe(false);
      }
      expect(proveAccount(state, idOf('never seen'))).toBeUndefined();
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
