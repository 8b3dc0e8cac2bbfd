import { MAX_AMOUNT } from '@market-of-experts/core';
import { beforeEach, describe, expect, test } from 'vitest';
import { applyTransaction } from '../../src/ledger/apply.ts';
import {
  emptyState,
  expertKey,
  type LedgerState,
  prepaidKey,
  totalMicro,
} from '../../src/ledger/state/state.ts';
import type { Action } from '../../src/ledger/transaction/transaction.ts';
import {
  endEpoch,
  genesis,
  heartbeat,
  idOf,
  MARKET,
  nodeOf,
  registerExpert,
  registerValidator,
  settle,
  settlementBody,
  transactionFrom,
} from './ledger-fixture.ts';

let state: LedgerState;
const balance = (name: string) => state.accounts.get(idOf(name))?.balanceMicro;
const locked = (name: string) => state.prepaid.get(prepaidKey(idOf(name), MARKET));
const stakeOf = (node: string) => state.experts.get(expertKey(MARKET, nodeOf(node)))?.stakeMicro;
const act = (name: string, action: Action) => applyTransaction(state, transactionFrom(state, name, action));
const mustAct = (name: string, action: Action) => {
  expect(act(name, action)).toEqual({ applied: true });
  if (action.kind === 'registerValidator')
    expect(applyTransaction(state, heartbeat(state, action.name))).toEqual({ applied: true });
};
/** Refused with this code, and nothing whatever changed. */
const mustRefuse = (name: string, action: Action, code: string) => {
  const before = structuredClone(state);
  expect(act(name, action)).toMatchObject({ applied: false, code });
  expect(state).toEqual(before);
};
/** Ends so many epochs, signed by these validators (by the treasury where there are none). */
const passEpochs = (count: number, ...validators: string[]) => {
  for (let ended = 0; ended < count; ended++) mustAct('treasury', endEpoch(state, ...validators));
};
const { unbondingEpochs } = genesis().rules;

beforeEach(() => {
  state = emptyState();
  expect(applyTransaction(state, genesis())).toEqual({ applied: true });
});

describe('genesis, nonces and networks', () => {
  test('the first transaction must be a genesis, and there is only one', () => {
    const empty = emptyState();
    const transfer = transactionFrom(state, 'alice', { kind: 'transfer', to: idOf('bob'), amountMicro: 1n });
    expect(applyTransaction(empty, transfer)).toMatchObject({ code: 'invalid-genesis' });
    const { network: _, from: __, nonce: ___, ...again } = genesis();
    mustRefuse('treasury', again, 'invalid-genesis');
  });

  test('a genesis that names an account or a market twice, or too much money, is refused', () => {
    const good = genesis();
    const wrong = [
      { ...good, balances: [good.balances[0]!, good.balances[0]!] },
      { ...good, markets: [good.markets[0]!, good.markets[0]!] },
      { ...good, balances: good.balances.map((row) => ({ ...row, amountMicro: MAX_AMOUNT })) },
    ];
    for (const transaction of wrong) {
      const empty = emptyState();
      expect(applyTransaction(empty, transaction)).toMatchObject({ code: 'invalid-genesis' });
      expect(empty).toEqual(emptyState());
    }
  });

  test('a nonce counts exactly once, in order', () => {
    const transfer = transactionFrom(state, 'alice', { kind: 'transfer', to: idOf('bob'), amountMicro: 1n });
    expect(applyTransaction(state, { ...transfer, nonce: 1 })).toMatchObject({ code: 'wrong-nonce' });
    expect(applyTransaction(state, transfer)).toEqual({ applied: true });
    expect(applyTransaction(state, transfer)).toMatchObject({ code: 'wrong-nonce' });
    expect(balance('bob')).toBe(1_000_001n);
  });

  test('a transaction of another network means nothing here', () => {
    const transfer = transactionFrom(state, 'alice', { kind: 'transfer', to: idOf('bob'), amountMicro: 1n });
    expect(applyTransaction(state, { ...transfer, network: 'other-net' })).toMatchObject({
      code: 'wrong-network',
    });
  });
});

describe('money', () => {
  test('only the treasury deposits, and the supply has a ceiling', () => {
    const deposit = { kind: 'deposit', to: idOf('dave'), amountMicro: 5n, reference: 'invoice 7' } as const;
    mustRefuse('alice', deposit, 'not-authorised');
    mustRefuse('treasury', { ...deposit, amountMicro: MAX_AMOUNT }, 'limit-reached');
    mustAct('treasury', deposit);
    expect(balance('dave')).toBe(5n);
    expect(state.network.get('network')?.supplyMicro).toBe(totalMicro(state));
  });

  test('a transfer moves what is there and no more; to oneself it changes nothing', () => {
    mustRefuse('alice', { kind: 'transfer', to: idOf('bob'), amountMicro: 1_000_001n }, 'insufficient-funds');
    mustAct('alice', { kind: 'transfer', to: idOf('bob'), amountMicro: 400_000n });
    expect([balance('alice'), balance('bob')]).toEqual([600_000n, 1_400_000n]);
    mustAct('bob', { kind: 'transfer', to: idOf('bob'), amountMicro: 1_400_000n });
    expect(balance('bob')).toBe(1_400_000n);
  });

  test('locked money cannot be transferred, nor locked for a second gateway', () => {
    mustAct('alice', { kind: 'lock', market: MARKET, gateway: nodeOf('gateway'), amountMicro: 900_000n });
    mustRefuse('alice', { kind: 'transfer', to: idOf('bob'), amountMicro: 100_001n }, 'insufficient-funds');
    const elsewhere = { kind: 'lock', market: MARKET, gateway: nodeOf('other'), amountMicro: 1n } as const;
    mustRefuse('alice', elsewhere, 'locked-for-another-gateway');
    mustRefuse('alice', { ...elsewhere, market: 'nowhere' as typeof MARKET }, 'unknown-market');
  });
});

describe('nodes and stake', () => {
  test('an expert registers with its minimum stake, once a market, and gets it back after unbonding', () => {
    mustRefuse('alice', registerExpert('alice', 'expert', 9n), 'insufficient-stake');
    mustRefuse('alice', registerExpert('alice', 'expert', 1_000_001n), 'insufficient-funds');
    mustAct('alice', registerExpert('alice', 'expert', 500n));
    mustRefuse('bob', registerExpert('bob', 'expert', 500n), 'already-registered');
    expect(state.markets.get(MARKET)?.expertCount).toBe(1);
    const target = { role: 'expert', market: MARKET, node: nodeOf('expert') } as const;
    mustRefuse('bob', { kind: 'deregister', target }, 'not-authorised');
    mustAct('alice', { kind: 'deregister', target });
    expect(state.markets.get(MARKET)?.expertCount).toBe(0);
    mustRefuse('alice', { kind: 'deregister', target }, 'node-leaving');
    mustRefuse('alice', registerExpert('alice', 'expert', 500n), 'node-leaving');
    passEpochs(unbondingEpochs - 1);
    expect([balance('alice'), stakeOf('expert')]).toEqual([999_500n, 500n]);
    passEpochs(1);
    expect([balance('alice'), stakeOf('expert')]).toEqual([1_000_000n, undefined]);
    mustRefuse('alice', { kind: 'deregister', target }, 'unknown-node');
  });

  test('an owner updates what he names and nothing else', () => {
    mustAct('alice', registerExpert('alice', 'expert', 500n));
    const update = { kind: 'updateExpert', market: MARKET, node: nodeOf('expert') } as const;
    mustRefuse('bob', { ...update, askMicroPerKilobyte: 1n }, 'not-authorised');
    mustAct('alice', { ...update, askMicroPerKilobyte: 1n });
    expect(state.experts.get(expertKey(MARKET, nodeOf('expert')))).toMatchObject({
      name: 'expert',
      askMicroPerKilobyte: 1n,
      stakeMicro: 500n,
    });
    mustAct('bob', registerValidator('bob', 'validator', 100n));
    mustAct('bob', { kind: 'updateValidator', node: nodeOf('validator'), name: 'Bob’s' });
    expect(state.validators.get(nodeOf('validator'))).toMatchObject({ name: 'Bob’s', stakeMicro: 100n });
    mustRefuse('bob', { ...update, node: nodeOf('nobody') }, 'unknown-node');
  });

  test('stake goes up and down, down to the minimum', () => {
    mustAct('alice', registerValidator('alice', 'validator', 100n));
    const target = { role: 'validator', node: nodeOf('validator') } as const;
    const total = () => state.network.get('network')?.validatorStakeMicro;
    mustAct('alice', { kind: 'stake', target, amountMicro: 50n });
    expect(total()).toBe(100n);
    mustRefuse('alice', { kind: 'unstake', target, amountMicro: 51n }, 'insufficient-stake');
    mustRefuse('alice', { kind: 'unstake', target, amountMicro: 151n }, 'insufficient-stake');
    mustRefuse('bob', { kind: 'unstake', target, amountMicro: 1n }, 'not-authorised');
    // What does not count yet comes back at once, the rest after unbonding.
    mustAct('alice', { kind: 'unstake', target, amountMicro: 20n });
    expect(balance('alice')).toBe(1_000_000n - 130n);
    passEpochs(1, 'validator');
    expect(total()).toBe(130n);
    mustAct('alice', { kind: 'unstake', target, amountMicro: 30n });
    expect([total(), balance('alice')]).toEqual([100n, 1_000_000n - 130n]);
    mustAct('alice', { kind: 'deregister', target });
    expect(state.network.get('network')).toMatchObject({ validatorStakeMicro: 0n, validatorCount: 0 });
    passEpochs(unbondingEpochs);
    expect(balance('alice')).toBe(1_000_000n);
  });
});

describe('settlement', () => {
  const usual = { client: 'alice', gateway: 'gateway', to: 'carol', orders: 3, chargeMicro: 300n };

  beforeEach(() => {
    mustAct('bob', registerValidator('bob', 'v1', 600n));
    mustAct('bob', registerValidator('bob', 'v2', 300n));
    mustAct('carol', registerExpert('carol', 'expert', 100n));
    mustAct('alice', { kind: 'lock', market: MARKET, gateway: nodeOf('gateway'), amountMicro: 1_000n });
  });

  test('charges locked money, pays out, fills the pool, and burns what it slashes', () => {
    const slashes = [{ node: nodeOf('expert'), amountMicro: 30n }];
    mustAct('bob', settle(settlementBody(state, { ...usual, poolMicro: 20n, slashes }), 'v1', 'v2'));
    expect(locked('alice')).toMatchObject({ lockedMicro: 700n, nextOrderSeq: 3 });
    expect(balance('carol')).toBe(1_000_000n - 100n + 280n);
    expect(stakeOf('expert')).toBe(70n);
    expect(state.markets.get(MARKET)).toMatchObject({
      poolMicro: 20n,
      nextBatch: 1,
      settledOrders: 3,
      settledMicro: 300n,
    });
    expect(totalMicro(state)).toBe(4_000_000n - 30n);
    expect(state.network.get('network')).toMatchObject({ supplyMicro: 4_000_000n - 30n, burntMicro: 30n });
  });

  test('needs two thirds of the validator stake, each validator counted once', () => {
    const body = settlementBody(state, usual);
    mustRefuse('bob', settle(body, 'v2'), 'no-quorum');
    mustRefuse('bob', settle(body, 'v2', 'v2', 'v2'), 'no-quorum');
    mustRefuse('bob', settle(body, 'v2', 'stranger'), 'no-quorum');
    mustAct('bob', settle(body, 'v1'));
  });

  test('no order settles twice, and none is left out', () => {
    const first = settlementBody(state, usual);
    mustAct('bob', settle(first, 'v1'));
    mustRefuse('bob', settle(first, 'v1'), 'wrong-batch');
    mustRefuse('bob', settle({ ...first, batch: 1 }, 'v1'), 'order-gap');
    const gap = settlementBody(state, usual);
    const orders = [{ ...gap.orders[0]!, fromSeq: 4, toSeq: 7 }];
    mustRefuse('bob', settle({ ...gap, orders }, 'v1'), 'order-gap');
    mustRefuse(
      'bob',
      settle({ ...gap, orders: [{ ...gap.orders[0]!, toSeq: 3 }], certificates: 0 }, 'v1'),
      'order-gap',
    );
  });

  test('money out must equal money in, certificates must equal orders', () => {
    const body = settlementBody(state, usual);
    mustRefuse('bob', settle({ ...body, poolMicro: 1n }, 'v1'), 'not-conserved');
    mustRefuse('bob', settle({ ...body, credits: [] }, 'v1'), 'not-conserved');
    mustRefuse('bob', settle({ ...body, certificates: 4 }, 'v1'), 'not-conserved');
  });

  test('a charge beyond the locked money, or for another gateway, is refused', () => {
    const body = settlementBody(state, { ...usual, chargeMicro: 1_001n });
    mustRefuse('bob', settle(body, 'v1'), 'insufficient-funds');
    mustRefuse(
      'bob',
      settle(settlementBody(state, { ...usual, gateway: 'other' }), 'v1'),
      'locked-for-another-gateway',
    );
    mustRefuse(
      'bob',
      settle(settlementBody(state, { ...usual, client: 'carol' }), 'v1'),
      'locked-for-another-gateway',
    );
  });

  test('may be proposed by a registered validator instead of the gateway, and by nobody else', () => {
    for (const by of ['stranger', 'expert', 'other-gateway'])
      mustRefuse('bob', settle(settlementBody(state, { ...usual, by }), 'v1'), 'not-authorised');
    mustAct('carol', settle(settlementBody(state, { ...usual, by: 'v2' }), 'v1'));
    expect(locked('alice')).toMatchObject({ lockedMicro: 700n, nextOrderSeq: 3 });
    // Standing in gives no right to the money of another gateway.
    mustRefuse(
      'bob',
      settle(settlementBody(state, { ...usual, gateway: 'other', by: 'v2' }), 'v1'),
      'locked-for-another-gateway',
    );
  });

  test('one form only: sorted, each name once, this network', () => {
    const body = settlementBody(state, usual);
    mustRefuse('bob', settle({ ...body, orders: [...body.orders, ...body.orders] }, 'v1'), 'not-canonical');
    const credits = [idOf('bob'), idOf('carol')].sort().map((account) => ({ account, amountMicro: 150n }));
    mustRefuse('bob', settle({ ...body, credits: [...credits].reverse() }, 'v1'), 'not-canonical');
    mustRefuse('bob', settle({ ...body, network: 'other-net' }, 'v1'), 'wrong-network');
    mustAct('bob', settle({ ...body, credits }, 'v1'));
  });

  const burntMicro = () => state.network.get('network')?.burntMicro;

  test('a slash takes what is left of a stake, and an expert who left cannot stop a settlement', () => {
    const slashes = [{ node: nodeOf('expert'), amountMicro: 1_000n }];
    mustAct('bob', settle(settlementBody(state, { ...usual, slashes }), 'v1'));
    expect(stakeOf('expert')).toBe(0n);
    expect(burntMicro()).toBe(100n);
    mustAct('carol', {
      kind: 'deregister',
      target: { role: 'expert', market: MARKET, node: nodeOf('expert') },
    });
    mustAct('bob', settle(settlementBody(state, { ...usual, slashes }), 'v1'));
    expect(burntMicro()).toBe(100n);
    passEpochs(unbondingEpochs, 'v1');
    expect(stakeOf('expert')).toBeUndefined();
    mustAct('bob', settle(settlementBody(state, { ...usual, slashes }), 'v1'));
    expect(burntMicro()).toBe(100n);
    expect(totalMicro(state)).toBe(4_000_000n - 100n);
  });
});
