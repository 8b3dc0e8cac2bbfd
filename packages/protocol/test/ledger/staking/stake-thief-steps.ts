import type { MarketId, NodeId } from '@market-of-experts/core';
import fc from 'fast-check';
import type { StakeTarget } from '../../../src/fields/fields.ts';
import type { WeightsPromise } from '../../../src/ledger/epochs/weights.ts';
import { backings } from '../../../src/ledger/staking/pots.ts';
import type { Backing } from '../../../src/ledger/state/node-records.ts';
import { prepaidKey } from '../../../src/ledger/state/state.ts';
import type { Misconduct } from '../../../src/ledger/transaction/misconduct.ts';
import type { Action } from '../../../src/ledger/transaction/transaction.ts';
import type { SettlementBody } from '../../../src/settlement/settlement-body.ts';
import { versionOf } from '../../statements/statement-fixture.ts';
import {
  idOf,
  MARKET,
  nodeOf,
  registerExpert,
  registerValidator,
  settle,
  settlementBody,
} from '../ledger-fixture.ts';
import { beat, commit, type Play, reveal } from '../play-fixture.ts';
import { proofOf } from './stake-thief-crimes.ts';
import {
  experts,
  gateway,
  honestValidator,
  ownMarket,
  thieves,
  validators,
  worstTerms,
} from './stake-thief-world.ts';

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
const marketOf = (target: StakeTarget): MarketId => (target.role === 'expert' ? target.market : MARKET);
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
    weight: 2,
    arbitrary: onTarget((target, backing) => [
      ownerName(backing),
      { kind: 'setModelVersion', market: marketOf(target), node: target.node, version: versionOf() },
    ]),
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
            // Only of an expert that has a version: so often that some come about in every run.
            'contradiction',
            'contradiction',
            'contradiction',
            'contradiction',
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
            const isOfExperts = crime.kind === 'statements' || crime.kind === 'contradiction';
            const kind = target.role === 'expert' && !isOfExperts ? 'statements' : crime.kind;
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
