import { type AccountId, hashOf } from '@moe/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyTransaction } from './apply.ts';
import { draftOn } from './draft.ts';
import { genesis, idOf, MARKET, NETWORK, nodeOf, OWNERS, settlementBody } from './ledger-fixture.ts';
import { backings, recordsOf } from './pots.ts';
import { exitId, type ModelNode, type Payouts, StakingModel } from './staking-model.ts';
import { isAllowed } from './staking-model-permission.ts';
import { exact } from './staking-model-pot.ts';
import {
  accountOf,
  type Backing,
  emptyState,
  type LedgerState,
  prepaidKey,
  tableNames,
  targetKey,
  totalMicro,
} from './state.ts';
import { stateRoot } from './state-root.ts';
import type { Action, StakeTarget, Transaction, TransactionKind } from './transaction.ts';

const start: Transaction = {
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
const { rules } = start as ReturnType<typeof genesis>;
const gateway = nodeOf('gateway');
const names = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'] as const;

/** One command: what it means depends on the state that it meets, so that most are near the limit of what is allowed. */
interface Command {
  readonly kind: TransactionKind;
  readonly actor: string;
  /** Usually the one who may: an owner for his node, a delegator for what he has. */
  readonly isRightActor: boolean;
  readonly a: number;
  readonly b: number;
  readonly amountMicro: bigint;
  readonly bps: number;
}
const frequencies: readonly (readonly [TransactionKind, number])[] = [
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
const command: fc.Arbitrary<Command> = fc.record({
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
const beginning: readonly Command[] = (
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
function meaningOf(command: Command, state: LedgerState): readonly [AccountId, Action] {
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

const backingAt = (state: LedgerState, target: StakeTarget): Backing | undefined =>
  target.role === 'validator' ? state.validators.get(target.node) : state.experts.get(targetKey(target));
const targetOf = (node: ModelNode): StakeTarget => {
  const [market, key] = node.key.split('/') as [string, StakeTarget['node']];
  return node.market === undefined
    ? { role: 'validator', node: key }
    : { role: 'expert', market: market as typeof MARKET, node: key };
};
const backingOf = (state: LedgerState, node: ModelNode): Backing | undefined =>
  backingAt(state, targetOf(node));

/** What the ledger is about to pay, read from its shares. */
function payoutsFrom(state: LedgerState, model: StakingModel): Payouts {
  const inTurn = (entries: readonly (readonly [string, bigint])[], micro: bigint, shares: bigint) => {
    const paid = new Map<string, bigint>();
    let [leftMicro, leftShares] = [micro, shares];
    for (const [id, held] of entries) {
      const part = (held * leftMicro) / leftShares;
      paid.set(id, part);
      leftMicro -= part;
      leftShares -= held;
    }
    return paid;
  };
  return {
    held: (node, account) => {
      const { delegatedMicro, delegationShares } = backingOf(state, node)!;
      const shares = state.delegations.get(`${node.key}/${account}`)?.shares ?? 0n;
      return shares === 0n ? 0n : (shares * delegatedMicro) / delegationShares;
    },
    returned: (node) => {
      const { delegatedMicro, delegationShares } = backingOf(state, node)!;
      const held = recordsOf(state.delegations, targetOf(node)).filter(([, { shares }]) => shares > 0n);
      return inTurn(
        held.map(([, { account, shares }]) => [account, shares]),
        delegatedMicro,
        delegationShares,
      );
    },
    released: (node) => {
      const { unbondingMicro, unbondingShares } = backingOf(state, node)!;
      const due = recordsOf(state.unbondings, targetOf(node)).filter(
        ([, { releaseEpoch }]) => releaseEpoch <= model.epoch,
      );
      return inTurn(
        due.map(([, { account, releaseEpoch, to, shares }]) => [
          exitId(account, releaseEpoch, to && model.find(to)),
          shares,
        ]),
        unbondingMicro,
        unbondingShares,
      );
    },
  };
}

/** The ledger and the model agree: exactly where only whole amounts move, within the roundings where parts do. */
function mustAgree(state: LedgerState, model: StakingModel): void {
  for (const [account, balance] of model.balances)
    expect([account, accountOf(state, account as AccountId).balanceMicro]).toEqual([account, balance]);
  for (const [account, locked] of model.locked)
    expect(state.prepaid.get(prepaidKey(account as AccountId, MARKET))?.lockedMicro ?? 0n).toBe(locked);
  expect(state.markets.get(MARKET)!.poolMicro).toBe(model.poolMicro);
  expect(new Set([...model.nodes].map(({ key }) => key))).toEqual(
    new Set(backings(state).map(([target]) => targetKey(target))),
  );
  for (const node of model.nodes) {
    const backing = backingOf(state, node)!;
    const waiting = [...node.pending].filter(([, micro]) => micro > 0n);
    expect({
      owner: backing.owner,
      own: backing.stakeMicro - backing.delegatedMicro,
      delegated: backing.delegatedMicro,
      unbonding: backing.unbondingMicro,
      pending: backing.pendingMicro,
      commission: backing.commissionBps,
      leaves: backing.leavesAtEpoch,
    }).toEqual({
      owner: node.owner,
      own: node.ownMicro,
      delegated: node.delegated.totalMicro,
      unbonding: node.unbonding.totalMicro,
      pending: waiting.reduce((sum, [, micro]) => sum + micro, 0n),
      commission: node.commissionBps,
      leaves: node.leavesAtEpoch,
    });
    const delegations = recordsOf(state.delegations, targetOf(node)).map(([, record]) => record);
    expect(
      new Map(
        delegations.filter(({ pendingMicro }) => pendingMicro > 0n).map((d) => [d.account, d.pendingMicro]),
      ),
    ).toEqual(new Map(waiting));
    const parts = (pot: 'delegated' | 'unbonding') =>
      pot === 'delegated'
        ? delegations.map(({ account, shares }) => [account as string, shares] as const)
        : recordsOf(state.unbondings, targetOf(node)).map(
            ([, { account, releaseEpoch, to, shares }]) =>
              [exitId(account, releaseEpoch, to && model.find(to)), shares] as const,
          );
    for (const pot of ['delegated', 'unbonding'] as const) {
      const [micro, total] =
        pot === 'delegated'
          ? [backing.delegatedMicro, backing.delegationShares]
          : [backing.unbondingMicro, backing.unbondingShares];
      const held = new Map(parts(pot));
      let off = exact(0n);
      for (const holder of new Set([...held.keys(), ...node[pot].parts.keys()])) {
        const shares = held.get(holder) ?? 0n;
        const worth = shares === 0n ? exact(0n) : exact(shares * micro).over(exact(total));
        off = off.plus(worth.minus(node[pot].of(holder)).abs());
      }
      expect(
        off.atMost(node[pot].error) || `${pot} of ${node.key} is off by ${Number(off.n) / Number(off.d)}`,
      ).toBe(true);
    }
  }
}

/** What must hold in every state, by the records alone. */
function mustBeSound(state: LedgerState): void {
  const network = state.network.get('network')!;
  expect(totalMicro(state)).toBe(network.supplyMicro);
  const serving = backings(state).filter(([, { leavesAtEpoch }]) => leavesAtEpoch === undefined);
  const validators = serving.filter(([{ role }]) => role === 'validator');
  expect(network.validatorCount).toBe(validators.length);
  expect(network.validatorStakeMicro).toBe(
    validators.reduce((sum, [, { stakeMicro }]) => sum + stakeMicro, 0n),
  );
  expect(state.markets.get(MARKET)!.expertCount).toBe(serving.length - validators.length);
  for (const account of state.accounts.values()) expect(account.balanceMicro >= 0n).toBe(true);
  for (const [target, backing] of backings(state)) {
    const delegations = recordsOf(state.delegations, target).map(([, record]) => record);
    const exits = recordsOf(state.unbondings, target).map(([, record]) => record);
    expect(backing.delegationCount).toBe(delegations.length);
    expect(backing.delegationShares).toBe(delegations.reduce((sum, { shares }) => sum + shares, 0n));
    expect(backing.pendingMicro).toBe(delegations.reduce((sum, { pendingMicro }) => sum + pendingMicro, 0n));
    expect(backing.unbondingShares).toBe(exits.reduce((sum, { shares }) => sum + shares, 0n));
    for (const [micro, shares] of [
      [backing.delegatedMicro, backing.delegationShares],
      [backing.unbondingMicro, backing.unbondingShares],
    ] as const)
      expect(micro >= 0n && (micro === 0n || shares > 0n)).toBe(true);
    expect(backing.stakeMicro >= backing.delegatedMicro).toBe(true);
    expect(backing.pendingMicro >= 0n).toBe(true);
    for (const { shares, pendingMicro } of delegations) expect(shares > 0n || pendingMicro > 0n).toBe(true);
  }
  const known = new Set(backings(state).map(([target]) => targetKey(target)));
  for (const { target } of [...state.delegations.values(), ...state.unbondings.values()])
    expect(known).toContain(targetKey(target));
  for (const { target, next } of state.rotations.values())
    expect(known).toContain(targetKey({ ...target, node: next }));
}

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
            model.leave(node, true);
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
    { numRuns: 50 },
  );
  // Commands that are all refused would prove nothing.
  for (const [kind] of frequencies)
    expect(tried.get(kind)?.accepted ?? 0, `accepted of tried: ${share()}`).toBeGreaterThan(0);
  expect(pruned).toBeGreaterThan(0);
  expect(codes.size, [...codes].join(', ')).toBeGreaterThan(8);
});
