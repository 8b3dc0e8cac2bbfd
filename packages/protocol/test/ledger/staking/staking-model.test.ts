import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyTransaction } from '../../../src/ledger/apply.ts';
import { stateRoot } from '../../../src/ledger/proofs/state-root.ts';
import { draftOn } from '../../../src/ledger/state/draft.ts';
import { tableNames } from '../../../src/ledger/state/records.ts';
import { accountOf, emptyState, type LedgerState } from '../../../src/ledger/state/state.ts';
import type { Transaction, TransactionKind } from '../../../src/ledger/transaction/transaction.ts';
import { MARKET, NETWORK } from '../ledger-fixture.ts';
import { mustAgree, mustBeSound, payoutsFrom } from './staking-books.ts';
import { beginning, command, frequencies, meaningOf, rules, start } from './staking-commands.ts';
import { StakingModel } from './staking-model.ts';
import type { ModelNode } from './staking-model-node.ts';
import { isAllowed } from './staking-model-permission.ts';

function modelOf(state: LedgerState): StakingModel {
  const model = new StakingModel({
    ...rules,
    immunityEpochs: 1,
    slashBps: BigInt(state.markets.get(MARKET)!.terms.parameters.slashBps.equivocation),
    reporterBps: BigInt(rules.reporterBps),
  });
  for (const [account, { balanceMicro }] of state.accounts) model.balances.set(account, balanceMicro);
  return model;
}

test('whatever owners, delegators and nodes do: the books of a naive model, nothing lost, no trace of what is refused', () => {
  const tried = new Map<TransactionKind, { accepted: number; refused: number }>();
  const codes = new Set<string>();
  let pruned = 0;
  const share = () =>
    [...tried].map(([kind, { accepted, refused }]) => `${kind} ${accepted}/${accepted + refused}`).join(', ');
  fc.assert(
    fc.property(fc.array(command, { minLength: 10, maxLength: 60, size: 'max' }), (commands) => {
      const state = emptyState();
      const log: Transaction[] = [start];
      expect(applyTransaction(state, start)).toEqual({ applied: true });
      const model = modelOf(state);
      for (const command of [...beginning, ...commands]) {
        const [from, action] = meaningOf(command, state);
        const tx = { ...action, network: NETWORK, from, nonce: accountOf(state, from).nonce } as Transaction;
        const draft = draftOn(state);
        const outcome = applyTransaction(draft, tx);
        const payouts = payoutsFrom(state, model);
        const minimums = {
          expertMicro: 10n,
          validatorMicro: 100n,
          delegationMicro: rules.minDelegationMicro,
          priceMicro: state.markets.get(MARKET)!.registrationMicro,
        };
        const allowed = isAllowed(model, tx, minimums, payouts);
        if (allowed !== undefined)
          expect(outcome.applied, `${tx.kind}: ${JSON.stringify(outcome)}`).toBe(allowed);
        const count = tried.get(tx.kind) ?? { accepted: 0, refused: 0 };
        tried.set(tx.kind, count);
        if (!outcome.applied) {
          count.refused++;
          codes.add(outcome.code);
          expect([...draft.touched()], `${tx.kind}: ${outcome.message}`).toEqual([]);
          continue;
        }
        count.accepted++;
        log.push(tx);
        const isPruned = (node: ModelNode) =>
          node.leavesAtEpoch === undefined &&
          draft.experts.get(node.key)?.leavesAtEpoch !== undefined &&
          tx.kind === 'registerExpert';
        for (const node of model.nodes)
          if (isPruned(node)) {
            model.makeRoom(node, minimums.priceMicro);
            pruned++;
          }
        model.apply(tx, payouts);
        draft.commit();
        mustAgree(state, model);
        mustBeSound(state);
      }
      const replayed = emptyState();
      for (const tx of log) expect(applyTransaction(replayed, tx)).toEqual({ applied: true });
      for (const name of tableNames) expect(replayed[name]).toEqual(state[name]);
      expect(stateRoot(replayed)).toBe(stateRoot(state));
    }),
    // What is accepted is checked below: it must not depend on luck.
    { numRuns: 50, seed: 1 },
  );
  // Commands that are all refused would prove nothing.
  for (const [kind] of frequencies)
    expect(tried.get(kind)?.accepted ?? 0, `accepted of tried: ${share()}`).toBeGreaterThan(0);
  expect(pruned).toBeGreaterThan(0);
  expect(codes.size, [...codes].join(', ')).toBeGreaterThan(8);
});
