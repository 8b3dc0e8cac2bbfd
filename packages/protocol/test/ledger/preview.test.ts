import { expect, test } from 'vitest';
import { applyTransaction } from '../../src/ledger/apply.ts';
import { previewTransaction } from '../../src/ledger/preview.ts';
import { stateRoot } from '../../src/ledger/proofs/state-root.ts';
import { emptyState } from '../../src/ledger/state/state.ts';
import { genesis, idOf, transactionFrom } from './ledger-fixture.ts';

test('shows every record before and after, and changes nothing', () => {
  const state = emptyState();
  applyTransaction(state, genesis());
  const root = stateRoot(state);
  const tx = transactionFrom(state, 'alice', { kind: 'transfer', to: idOf('new'), amountMicro: 7n });
  const { outcome, changes } = previewTransaction(state, tx);
  expect(outcome).toEqual({ applied: true });
  const expected = [
    {
      table: 'accounts',
      key: idOf('alice') as string,
      before: { balanceMicro: 1_000_000n, nonce: 0 },
      after: { balanceMicro: 999_993n, nonce: 1 },
    },
    { table: 'accounts', key: idOf('new') as string, after: { balanceMicro: 7n, nonce: 0 } },
  ].sort((a, b) => (a.key < b.key ? -1 : 1));
  expect(changes).toEqual(expected);
  expect(stateRoot(state)).toBe(root);

  applyTransaction(state, tx);
  for (const { key, after } of changes) expect(state.accounts.get(key)).toEqual(after);
});

test('leaves out what comes out as it was', () => {
  const state = emptyState();
  applyTransaction(state, genesis());
  const toSelf = transactionFrom(state, 'alice', { kind: 'transfer', to: idOf('alice'), amountMicro: 7n });
  expect(previewTransaction(state, toSelf).changes).toEqual([
    {
      table: 'accounts',
      key: idOf('alice'),
      before: { balanceMicro: 1_000_000n, nonce: 0 },
      after: { balanceMicro: 1_000_000n, nonce: 1 },
    },
  ]);
});

test('a refusal says why and shows no change', () => {
  const state = emptyState();
  applyTransaction(state, genesis());
  const tx = transactionFrom(state, 'alice', { kind: 'transfer', to: idOf('bob'), amountMicro: 10n ** 12n });
  expect(previewTransaction(state, tx)).toMatchObject({
    outcome: { applied: false, code: 'insufficient-funds' },
    changes: [],
  });
});
