import { type AccountId, hashOf } from '@market-of-experts/core';
import fc from 'fast-check';
import type { StakeTarget } from '../../../src/fields/fields.ts';
import { backings } from '../../../src/ledger/staking/pots.ts';
import type { Backing } from '../../../src/ledger/state/node-records.ts';
import { type LedgerState, prepaidKey, targetKey } from '../../../src/ledger/state/state.ts';
import type { Action, TransactionKind, TransactionOf } from '../../../src/ledger/transaction/transaction.ts';
import { genesis, idOf, MARKET, nodeOf, OWNERS, settlementBody } from '../ledger-fixture.ts';

/** For tests: a small network in which everything happens soon, and the market is soon full. */
export const start: TransactionOf<'genesis'> = {
  ...genesis(3_000n),
  rules: { ...genesis().rules, unbondingEpochs: 2, noticeEpochs: 2 },
  markets: [
    {
      ...genesis().markets[0]!,
      terms: {
        ...genesis().markets[0]!.terms,
        parameters: { ...genesis().markets[0]!.terms.parameters, shardSize: 3 },
        maximumExperts: 3,
        immunityEpochs: 1,
        registration: { floorMicro: 5n, capMicro: 40n, riseBps: 10_000, decayBps: 5_000 },
      },
    },
  ],
};
export const { rules } = start;
const gateway = nodeOf('gateway');
const names = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'] as const;

/** One command: what it means depends on the state that it meets, so that most are near the limit of what is allowed. */
export interface Command {
  readonly kind: TransactionKind;
  readonly actor: string;
  /** Usually the one who may: an owner for his node, a delegator for what he has. */
  readonly isRightActor: boolean;
  readonly a: number;
  readonly b: number;
  readonly amountMicro: bigint;
  readonly bps: number;
}
export const frequencies: readonly (readonly [TransactionKind, number])[] = [
  ['endEpoch', 10],
  ['delegate', 8],
  ['undelegate', 6],
  ['redelegate', 4],
  ['registerExpert', 5],
  ['registerValidator', 3],
  ['stake', 4],
  ['unstake', 4],
  ['settle', 7],
  ['evidence', 2],
  ['setCommission', 3],
  ['rotate', 3],
  ['deregister', 2],
  ['transfer', 2],
  ['deposit', 1],
  ['fundMarket', 1],
  ['lock', 3],
  ['updateExpert', 1],
  ['updateValidator', 3],
];
export const command: fc.Arbitrary<Command> = fc.record({
  kind: fc.oneof(
    ...frequencies.map(([kind, weight]) => ({ weight, arbitrary: fc.constant(kind) })),
  ) as fc.Arbitrary<TransactionKind>,
  actor: fc.constantFrom(...OWNERS),
  isRightActor: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false)),
  a: fc.nat(60),
  b: fc.nat(60),
  amountMicro: fc.oneof(fc.bigInt(1n, 25n), fc.bigInt(1n, 150n), fc.bigInt(90n, 700n)),
  bps: fc.constantFrom(0, 1, 1_000, 3_333, 10_000),
});

/** So that the first commands find something to work on. */
export const beginning: readonly Command[] = (
  [
    { kind: 'registerValidator', actor: 'market-owner', b: 0, amountMicro: 400n },
    { kind: 'registerExpert', actor: 'alice', b: 1, amountMicro: 200n },
    { kind: 'registerExpert', actor: 'bob', b: 2, amountMicro: 200n },
    { kind: 'delegate', actor: 'carol', a: 0, amountMicro: 150n },
    { kind: 'delegate', actor: 'carol', a: 1, amountMicro: 150n },
    { kind: 'delegate', actor: 'market-owner', a: 1, amountMicro: 70n },
    { kind: 'lock', actor: 'carol', amountMicro: 900n },
    { kind: 'endEpoch' },
  ] as const
).map((given) => ({ actor: 'alice', isRightActor: true, a: 0, b: 0, amountMicro: 0n, bps: 0, ...given }));

const pick = <Of>(list: readonly Of[], index: number): Of | undefined => list[index % list.length];
const nowhere: StakeTarget = { role: 'validator', node: nodeOf('nowhere') };
const noSignature = new Uint8Array(64);

/** The owner (by address) and the action of a command in this state. Inner signatures are not the rules' business. */
export function meaningOf(command: Command, state: LedgerState): readonly [AccountId, Action] {
  const { kind, a, b, amountMicro, bps, isRightActor } = command;
  const actor = idOf(command.actor);
  const all = backings(state);
  const [target, backing] = pick(all, a) ?? [nowhere, undefined];
  const [to] = pick(all, b) ?? [nowhere];
  const owner = isRightActor && backing !== undefined ? backing.owner : actor;
  const fresh = nodeOf(pick(names, b)!);
  const registration = {
    node: fresh,
    name: 'x',
    stakeMicro: amountMicro,
    commissionBps: bps,
    consent: noSignature,
  };
  const validators = [...state.validators.values()].map(({ node }) => ({ node, signature: noSignature }));
  switch (kind) {
    case 'transfer':
      return [actor, { kind, to: idOf(pick(OWNERS, a)!), amountMicro }];
    case 'deposit':
      return [idOf(isRightActor ? 'treasury' : 'alice'), { kind, to: actor, amountMicro, reference: '' }];
    case 'fundMarket':
      return [actor, { kind, market: MARKET, amountMicro }];
    case 'lock':
      return [actor, { kind, market: MARKET, gateway, amountMicro }];
    case 'registerExpert': {
      const depositMicro = state.markets.get(MARKET)!.registrationMicro + (isRightActor ? 0n : 1n);
      const asks = { askMicroPerKilobyte: 1n, askBps: 5_000 };
      return [actor, { kind, market: MARKET, ...registration, depositMicro, ...asks }];
    }
    case 'registerValidator':
      return [actor, { kind, ...registration }];
    case 'updateExpert':
      return [owner, { kind, market: MARKET, node: target.node, askBps: bps }];
    case 'updateValidator':
      return [owner, { kind, node: target.node, name: 'y' }];
    case 'stake':
    case 'unstake':
      return [owner, { kind, target, amountMicro }];
    case 'setCommission':
      return [owner, { kind, target, commissionBps: bps }];
    case 'rotate':
      return [owner, { kind, target, next: fresh, consent: noSignature }];
    case 'deregister':
      return [owner, { kind, target }];
    case 'delegate':
      return [actor, { kind, target, amountMicro }];
    case 'undelegate':
    case 'redelegate': {
      const open = [...state.delegations.values()].filter(({ target: at, account }) => {
        const { leavesAtEpoch, owner: own } = backingAt(state, at)!;
        return !isRightActor || (leavesAtEpoch === undefined && own !== account);
      });
      const delegation = pick(open, a);
      const from = isRightActor && delegation !== undefined ? delegation.account : actor;
      const at = delegation?.target ?? target;
      return kind === 'undelegate'
        ? [from, { kind, target: at, amountMicro }]
        : [from, { kind, target: at, to, amountMicro }];
    }
    case 'endEpoch': {
      const { epoch, epochStartedMs } = state.network.get('network')!;
      const atMs = epochStartedMs + rules.epochMs - (isRightActor ? 0 : 1);
      return [idOf('treasury'), { kind, epoch, atMs, signatures: validators }];
    }
    case 'settle': {
      const clients = OWNERS.filter(
        (name) => (state.prepaid.get(prepaidKey(idOf(name), MARKET))?.lockedMicro ?? 0n) > 0n,
      );
      const client = pick(clients, a) ?? command.actor;
      const locked = state.prepaid.get(prepaidKey(idOf(client), MARKET))?.lockedMicro ?? 0n;
      const chargeMicro = amountMicro < locked ? amountMicro : locked;
      // Keys that were replaced since still earn and pay.
      const keys = [
        ...[...state.experts.values()].map(({ node }) => node),
        ...[...state.rotations.values()].flatMap(({ target }) =>
          target.role === 'expert' ? [target.node] : [],
        ),
        nodeOf('stranger'),
      ];
      const node = pick(keys, b)!;
      const current = state.rotations.get(`${MARKET}/${node}`)?.next ?? node;
      const earner = state.experts.get(`${MARKET}/${current}`)?.owner ?? actor;
      const earnings = chargeMicro > 0n ? [{ node, owner: earner, amountMicro: chargeMicro }] : [];
      const slashes = [{ node: pick(keys, a)!, amountMicro: bps === 0 ? 0n : amountMicro }];
      const body = settlementBody(
        state,
        { client, gateway: 'gateway', to: client, orders: 1, chargeMicro, slashes },
        { credits: [], earnings },
      );
      return [actor, { kind, settlement: body, signatures: isRightActor ? validators : [] }];
    }
    case 'evidence': {
      const validator = pick(validators, a)?.node ?? nodeOf('nowhere');
      const one = settlementBody(
        state,
        { client: 'alice', gateway: 'gateway', to: 'bob', orders: 1, chargeMicro: 1n },
        { batch: b },
      );
      const two = isRightActor ? { ...one, root: hashOf('test/other', b) } : one;
      const settlements = [one, two].map((body) => ({ body, signature: noSignature }));
      const proof = { kind: 'settlements', validator, settlements: settlements as [never, never] } as const;
      return [actor, { kind, market: MARKET, proof }];
    }
    default:
      throw new Error(`no command for ${kind}`);
  }
}

/** The registration behind a target. */
export const backingAt = (state: LedgerState, target: StakeTarget): Backing | undefined =>
  target.role === 'validator' ? state.validators.get(target.node) : state.experts.get(targetKey(target));
