import { type AccountId, hashBytes, hashOf, type MarketId, type NodeId } from '@market-of-experts/core';
import fc from 'fast-check';
import type { StakeTarget } from '../../../src/fields/fields.ts';
import { certificateDomain } from '../../../src/job/certificate.ts';
import { jobIdOf } from '../../../src/job/messages.ts';
import type { WeightsPromise } from '../../../src/ledger/epochs/weights.ts';
import { backings } from '../../../src/ledger/staking/pots.ts';
import { worthOf } from '../../../src/ledger/staking/shares.ts';
import type { Backing } from '../../../src/ledger/state/records.ts';
import { accountOf, prepaidKey, targetKey } from '../../../src/ledger/state/state.ts';
import type { Misconduct } from '../../../src/ledger/transaction/misconduct.ts';
import type { Action } from '../../../src/ledger/transaction/transaction.ts';
import type { MarketTerms } from '../../../src/market/terms.ts';
import type { SettlementBody } from '../../../src/settlement/settlement-body.ts';
import {
  certificateBody,
  claim,
  orderBody,
  signedIn,
  signedSettlement,
} from '../evidence/evidence-fixture.ts';
import {
  fixtureTerms,
  idOf,
  MARKET,
  nodeOf,
  registerExpert,
  registerValidator,
  settle,
  settlementBody,
} from '../ledger-fixture.ts';
import { addValidators, beat, commit, type Play, play, reveal } from '../play-fixture.ts';

/** For tests: somebody with two accounts, nodes and a market of his own, and carol, who stakes on his nodes. */
export const thieves = ['mallory', 'trudy'] as const;
export const ownMarket = 'own-market' as MarketId;
const experts = ['t1', 't2', 't3'] as const;
const validators = ['w1', 'w2'] as const;
const honestValidator = 'v1';
const gateway = 'evil-gateway';

/** Everything that a market's owner may set, set against whoever comes. */
export function worstTerms(version = 1): MarketTerms {
  const terms = fixtureTerms();
  return {
    ...terms,
    parameters: {
      ...terms.parameters,
      version,
      shardSize: 3,
      minimumStakeMicro: 1n,
      slashBps: { late: 100, outlier: 100, 'no-reveal': 1_000, 'wrong-reveal': 1_000, equivocation: 5_000 },
    },
    maximumExperts: 3,
    immunityEpochs: 0,
    permits: 256,
    ranking: { ...terms.ranking, kappaU16: 16_384 },
    emission: { perEpochMicro: 1_000_000n, halvingEpochs: 1_000_000, ownerShareBps: 5_000 },
  };
}

/** A network with an honest validator of two thirds of the stake; the thieves and carol have 100,000 each. */
export function thievesPlay(): Play {
  const g = play((tx) => ({
    ...tx,
    rules: { ...tx.rules, unbondingEpochs: 2, noticeEpochs: 1 },
    balances: [
      ...tx.balances.filter(({ account }) => account !== idOf('carol')),
      ...[...thieves, 'carol'].map((name) => ({ account: idOf(name), amountMicro: 100_000n })),
    ],
  }));
  addValidators(g, { [honestValidator]: 1_000_000n });
  g.must('mallory', { kind: 'createMarket', market: ownMarket, terms: worstTerms() });
  for (const market of [MARKET, ownMarket])
    g.must('trudy', { kind: 'lock', market, gateway: nodeOf(gateway), amountMicro: 1_000n });
  return g;
}

/** All that the thieves own, wherever it is; every pool among it, for nobody else pays into one here. */
export function wealthOf(g: Play, names: readonly string[], withPools: boolean): bigint {
  const ids = new Set<string>(names.map(idOf));
  let total = 0n;
  for (const id of ids) total += accountOf(g.state, id as AccountId).balanceMicro;
  for (const [key, { lockedMicro }] of g.state.prepaid.entries())
    if (ids.has(key.slice(0, key.indexOf('/')))) total += lockedMicro;
  for (const [, backing] of backings(g.state)) {
    if (!ids.has(backing.owner)) continue;
    total += backing.stakeMicro - backing.delegatedMicro;
    if ('depositMicro' in backing) total += backing.depositMicro;
  }
  const backed = new Map<string, Backing>(backings(g.state).map(([target, b]) => [targetKey(target), b]));
  for (const { account, target, shares, pendingMicro } of g.state.delegations.values()) {
    const { delegatedMicro, delegationShares } = backed.get(targetKey(target))!;
    if (ids.has(account)) total += pendingMicro + worthOf(shares, delegatedMicro, delegationShares);
  }
  for (const { account, target, shares } of g.state.unbondings.values()) {
    const { unbondingMicro, unbondingShares } = backed.get(targetKey(target))!;
    if (ids.has(account)) total += worthOf(shares, unbondingMicro, unbondingShares);
  }
  for (const market of g.state.markets.values())
    total += withPools ? market.poolMicro + (ids.has(market.owner) ? market.depositMicro : 0n) : 0n;
  return total;
}

/** What one proof is made of. */
interface Crime {
  readonly kind: Misconduct['kind'];
  readonly number: number;
  readonly agesEpochs: number;
}

function proofOf(g: Play, node: string, market: MarketId, { kind, number, agesEpochs }: Crime): Misconduct {
  const deadlineMs = Math.max(0, g.network().epochStartedMs - agesEpochs * 1_000);
  const order = orderBody({
    market,
    client: idOf('trudy'),
    clientSeq: number,
    coordinator: nodeOf(gateway),
    deadlineMs,
  });
  const batch = (g.market(market)?.nextBatch ?? 0) - (number % 3);
  const body = (root: number): SettlementBody => ({
    ...settlementBody(g.state, { client: 'trudy', gateway, to: 'trudy', orders: 1, chargeMicro: 1n }),
    market,
    batch: Math.max(0, batch),
    root: hashOf('test/root', root),
  });
  const validator = nodeOf(node);
  switch (kind) {
    case 'statements': {
      const claims = ['f1', 'f2'].map((friend) => claim(order, { worker: nodeOf(friend) }, node));
      return { kind, order, statements: [claims[0]!, claims[1]!] };
    }
    case 'certificates': {
      const one = certificateBody({ market, job: jobIdOf(order), client: order.client, clientSeq: number });
      const two = { ...one, place: 1 };
      const certificates = [one, two].map((each) => signedIn(node, certificateDomain, each));
      return { kind, order, validator, certificates: [certificates[0]!, certificates[1]!] };
    }
    case 'settlements':
      return {
        kind,
        validator,
        settlements: [signedSettlement(node, body(1)), signedSettlement(node, body(2))],
      };
    case 'settlement': {
      const detail = new Uint8Array([0x80]);
      const root = hashBytes(detail);
      return { kind, validator, settlement: signedSettlement(node, { ...body(0), root }), detail };
    }
  }
}

type Step = (g: Play, promises: WeightsPromise[]) => void;
const thief = fc.constantFrom(...thieves);
const market = fc.constantFrom(MARKET, ownMarket);
const amount = fc.oneof(fc.bigInt(1n, 100n), fc.bigInt(100n, 5_000n));
/** One of the thieves' registrations, by a number. */
const targetAt = (g: Play, index: number): readonly [StakeTarget, Backing] | undefined => {
  const all = backings(g.state).filter(([, { owner }]) => thieves.some((name) => idOf(name) === owner));
  return all[index % Math.max(1, all.length)];
};
const ownerName = ({ owner }: Backing): string => thieves.find((name) => idOf(name) === owner)!;
const onTarget = (make: (target: StakeTarget, backing: Backing, g: Play) => readonly [string, Action]) =>
  fc.nat(20).map(
    (index): Step =>
      (g) => {
        const found = targetAt(g, index);
        if (found !== undefined) g.act(...make(found[0], found[1], g));
      },
  );
const nameOf = (node: NodeId): string =>
  [...experts, ...validators].find((each) => nodeOf(each) === node) ?? 't1';

/** What thieves may do in any order, and what carol and the honest validator do meanwhile. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(thief, market, fc.constantFrom(...experts), amount).map(
      ([who, m, node, stake]): Step =>
        (g) => {
          const depositMicro = g.market(m)?.registrationMicro ?? 0n;
          g.act(who, { ...registerExpert(who, node, stake), market: m, depositMicro } as Action);
        },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(thief, fc.constantFrom(...validators), amount).map(
      ([who, node, stake]): Step =>
        (g) => {
          if (g.act(who, registerValidator(who, node, stake)).applied) beat(g, node);
        },
    ),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(fc.nat(20), fc.constantFrom('carol', 'carol', ...thieves), amount).map(
      ([index, who, micro]): Step =>
        (g) => {
          const found = targetAt(g, index);
          if (found !== undefined)
            g.act(who, { kind: 'delegate', target: found[0], amountMicro: micro + 10n });
        },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(20), fc.constantFrom('carol', ...thieves), amount, fc.option(fc.nat(20))).map(
      ([index, who, amountMicro, to]): Step =>
        (g) => {
          const found = targetAt(g, index);
          const next = to === null ? undefined : targetAt(g, to);
          if (found === undefined) return;
          const [target] = found;
          g.act(
            who,
            next === undefined
              ? { kind: 'undelegate', target, amountMicro }
              : { kind: 'redelegate', target, to: next[0], amountMicro },
          );
        },
    ),
  },
  {
    weight: 2,
    arbitrary: amount.chain((amountMicro) =>
      onTarget((target, backing) => [ownerName(backing), { kind: 'stake', target, amountMicro }]),
    ),
  },
  {
    weight: 2,
    arbitrary: amount.chain((amountMicro) =>
      onTarget((target, backing) => [ownerName(backing), { kind: 'unstake', target, amountMicro }]),
    ),
  },
  {
    weight: 1,
    arbitrary: onTarget((target, backing) => [ownerName(backing), { kind: 'deregister', target }]),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(0, 10_000)
      .chain((commissionBps) =>
        onTarget((target, backing) => [ownerName(backing), { kind: 'setCommission', target, commissionBps }]),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(...experts, ...validators)
      .chain((next) =>
        onTarget((target, backing) => [
          ownerName(backing),
          { kind: 'rotate', target, next: nodeOf(next), consent: new Uint8Array(64) },
        ]),
      ),
  },
  {
    weight: 12,
    arbitrary: fc
      .tuple(
        thief,
        fc.nat(20),
        market,
        fc.record({
          kind: fc.constantFrom<Misconduct['kind']>(
            'statements',
            'certificates',
            'settlements',
            'settlement',
          ),
          number: fc.nat(5),
          agesEpochs: fc.nat(6),
        }),
      )
      .map(
        ([reporter, index, m, crime]): Step =>
          (g) => {
            const found = targetAt(g, index);
            if (found === undefined) return;
            const [target] = found;
            const at = target.role === 'expert' ? target.market : m;
            const kind = target.role === 'expert' ? 'statements' : crime.kind;
            g.act(reporter, {
              kind: 'evidence',
              market: at,
              proof: proofOf(g, nameOf(target.node), at, { ...crime, kind }),
            });
          },
      ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(market, fc.constantFrom(...experts), amount, fc.bigInt(0n, 50n)).map(
      ([m, node, slashMicro, chargeMicro]): Step =>
        (g) => {
          const registered = g.expert(node, m);
          const fromSeq = g.state.prepaid.get(prepaidKey(idOf('trudy'), m))?.nextOrderSeq ?? 0;
          const body: SettlementBody = {
            ...settlementBody(g.state, { client: 'trudy', gateway, to: 'trudy', orders: 1, chargeMicro }),
            market: m,
            batch: g.market(m)?.nextBatch ?? 0,
            orders: [{ client: idOf('trudy'), fromSeq, toSeq: fromSeq + 1, chargeMicro }],
            credits: [],
            earnings:
              chargeMicro === 0n
                ? []
                : [
                    {
                      node: nodeOf(node),
                      owner: registered?.owner ?? idOf('trudy'),
                      amountMicro: chargeMicro,
                    },
                  ],
            // True: the expert did not reveal, as its owner wished.
            slashes: [{ node: nodeOf(node), amountMicro: slashMicro }],
          };
          g.act('trudy', settle(body, honestValidator));
        },
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...validators),
        market,
        fc.dictionary(fc.constantFrom(...experts), fc.integer({ min: 1, max: 9 })),
      )
      .map(
        ([node, m, weights]): Step =>
          (g, promises) => {
            const promise = g.promise(node, weights, m);
            if (g.actNode(node, commit(promise)).applied) promises.push(promise);
          },
      ),
  },
  {
    weight: 9,
    arbitrary: fc.constant<Step>((g, promises) => {
      for (const promise of promises)
        g.actNode(validators.find((each) => nodeOf(each) === promise.validator)!, reveal(promise));
      g.endEpoch(honestValidator);
    }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(thief, market, amount).map(
      ([who, m, amountMicro]): Step =>
        (g) => {
          g.act(who, { kind: 'fundMarket', market: m, amountMicro });
        },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 2, max: 9 }).map(
      (version): Step =>
        (g) => {
          g.act('mallory', { kind: 'updateMarket', market: ownMarket, terms: worstTerms(version) });
        },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('closeMarket', 'createMarket').map(
      (kind): Step =>
        (g) => {
          g.act(
            'mallory',
            kind === 'closeMarket'
              ? { kind, market: ownMarket }
              : { kind: 'createMarket', market: ownMarket, terms: worstTerms() },
          );
        },
    ),
  },
);
