import { type Hash, hashOf, type MarketId, type NodeId, type RefusalCode } from '@market-of-experts/core';
import { expect } from 'vitest';
import { applyTransaction } from '../../src/ledger/apply.ts';
import { type WeightsPromise, weightsCommitment } from '../../src/ledger/epochs/weights.ts';
import type { Expert } from '../../src/ledger/state/node-records.ts';
import type { Market, NetworkRecord } from '../../src/ledger/state/records.ts';
import {
  accountOf,
  emptyState,
  expertKey,
  type LedgerState,
  totalMicro,
} from '../../src/ledger/state/state.ts';
import { signEpochEnd } from '../../src/ledger/transaction/authority.ts';
import type { Applied, Refused } from '../../src/ledger/transaction/outcome.ts';
import type { Action, Transaction, TransactionOf } from '../../src/ledger/transaction/transaction.ts';
import {
  genesis,
  idOf,
  keysOf,
  MARKET,
  NETWORK,
  nodeOf,
  registerExpert,
  registerValidator,
  transactionFrom,
} from './ledger-fixture.ts';

/** Weights by the names of experts. */
export type NamedWeights = Readonly<Record<string, number>>;

/** A ledger that is played on by names, for tests of whole epochs. */
export interface Play {
  readonly state: LedgerState;
  network(): NetworkRecord;
  market(id?: MarketId): Market;
  expert(name: string, market?: MarketId): Expert;
  balance(name: string): bigint;
  /** Sent by an owner, or by a node with its own key. */
  act(name: string, action: Action): Applied | Refused;
  actNode(name: string, action: Action): Applied | Refused;
  must(name: string, action: Action): void;
  mustNode(name: string, action: Action): void;
  /** Refused with this code, and nothing whatever changed. */
  refuse(name: string, action: Action, code: RefusalCode): Refused;
  refuseNode(name: string, action: Action, code: RefusalCode): Refused;
  /** A promise of the running epoch. */
  promise(validator: string, weights: NamedWeights, market?: MarketId): WeightsPromise;
  /** Ends the epoch, signed by these validators or, without them, by the treasury alone. */
  endEpoch(...signers: readonly string[]): void;
  /** One epoch: those who are named open their promises of the last one, make new ones, and end it. */
  round(given: Readonly<Record<string, NamedWeights>>, signers?: readonly string[]): void;
}

/** Begins with the fixture's genesis; an owner's money is 10 million micro-credits. */
export function play(change: (tx: TransactionOf<'genesis'>) => TransactionOf<'genesis'> = (tx) => tx): Play {
  const state = emptyState();
  expect(applyTransaction(state, change(genesis(10_000_000n)))).toEqual({ applied: true });
  const nodeTransaction = (name: string, action: Action): Transaction => {
    const from = nodeOf(name);
    return { ...action, network: NETWORK, from, nonce: accountOf(state, from).nonce } as Transaction;
  };
  const apply = (tx: Transaction): Applied | Refused => {
    const outcome = applyTransaction(state, tx);
    expect(totalMicro(state)).toBe(state.network.get('network')!.supplyMicro);
    return outcome;
  };
  const refusal = (tx: Transaction, code: RefusalCode): Refused => {
    const before = structuredClone(state);
    const outcome = apply(tx);
    expect(outcome).toMatchObject({ applied: false, code });
    expect(state).toEqual(before);
    return outcome as Refused;
  };
  const open = new Map<string, WeightsPromise>();
  const self: Play = {
    state,
    network: () => state.network.get('network')!,
    market: (id = MARKET) => state.markets.get(id)!,
    expert: (name, market = MARKET) => state.experts.get(expertKey(market, nodeOf(name)))!,
    balance: (name) => accountOf(state, idOf(name)).balanceMicro,
    act: (name, action) => apply(transactionFrom(state, name, action)),
    actNode: (name, action) => apply(nodeTransaction(name, action)),
    must: (name, action) => expect(self.act(name, action)).toEqual({ applied: true }),
    mustNode: (name, action) => expect(self.actNode(name, action)).toEqual({ applied: true }),
    refuse: (name, action, code) => refusal(transactionFrom(state, name, action), code),
    refuseNode: (name, action, code) => refusal(nodeTransaction(name, action), code),
    promise: (validator, weights, market = MARKET) => ({
      network: NETWORK,
      market,
      validator: nodeOf(validator),
      epoch: self.network().epoch,
      weights: weightList(weights),
      salt: hashOf('test/salt', [validator, self.network().epoch]),
    }),
    endEpoch: (...signers) => self.must('treasury', epochEnd(self.network(), signers)),
    round: (given, signers = Object.keys(given)) => {
      const epoch = self.network().epoch;
      for (const name of Object.keys(given)) {
        const promise = open.get(name);
        if (promise?.epoch === epoch - 1) self.mustNode(name, reveal(promise));
      }
      for (const [name, weights] of Object.entries(given)) {
        const promise = self.promise(name, weights);
        self.mustNode(name, commit(promise));
        open.set(name, promise);
      }
      self.endEpoch(...signers);
    },
  };
  return self;
}

export function weightList(weights: NamedWeights): (readonly [NodeId, number])[] {
  return Object.entries(weights)
    .map(([name, weight]) => [nodeOf(name), weight] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

export function commit(promise: WeightsPromise): Action {
  const { market, epoch } = promise;
  return { kind: 'commitWeights', market, epoch, commitment: weightsCommitment(promise) };
}

export function reveal({ market, epoch, weights, salt }: WeightsPromise): Action {
  return {
    kind: 'revealWeights',
    market,
    epoch,
    weights: weights.map(([node, weight]): [NodeId, number] => [node, weight]),
    salt: salt as Hash,
  };
}

export function epochEnd(
  { network, epoch, epochStartedMs, rules }: NetworkRecord,
  signers: readonly string[],
  atMs = epochStartedMs + rules.epochMs,
): Action {
  return {
    kind: 'endEpoch',
    epoch,
    atMs,
    signatures: signers.map((name) => signEpochEnd(keysOf(name), { network, epoch, atMs })),
  };
}

/** Registers validators of these stakes, owned by alice, which show that they are there. */
export function addValidators(game: Play, stakes: Readonly<Record<string, bigint>>): void {
  for (const [name, stakeMicro] of Object.entries(stakes)) {
    game.must('alice', registerValidator('alice', name, stakeMicro));
    beat(game, name);
  }
}

/** Signs of life of validators. */
export function beat(game: Play, ...names: readonly string[]): void {
  for (const name of names) game.mustNode(name, { kind: 'heartbeat', call: game.network().rollCall.number });
}

/** Registers experts, owned by bob, at the market's price. */
export function addExperts(game: Play, names: readonly string[]): void {
  for (const name of names)
    game.must('bob', {
      ...registerExpert('bob', name, 100n),
      depositMicro: game.market().registrationMicro,
    } as Action);
}
