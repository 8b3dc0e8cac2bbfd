import fc from 'fast-check';
import { expect, test } from 'vitest';
import { certificateDomain } from '../../../src/job/certificate.ts';
import { jobIdOf } from '../../../src/job/orders.ts';
import type { WeightsPromise } from '../../../src/ledger/epochs/weights.ts';
import type { Action } from '../../../src/ledger/transaction/transaction.ts';
import { certificateBody, orderBody, signedIn } from '../evidence/evidence-fixture.ts';
import { idOf, MARKET, nodeOf, registerExpert, registerValidator } from '../ledger-fixture.ts';
import { beat } from '../play-fixture.ts';
import { step } from './stake-thief-steps.ts';
import { ownMarket, thieves, thievesPlay, wealthOf, worstTerms } from './stake-thief-world.ts';

test('no sequence of what thieves may do leaves them with more while who staked on their nodes has less', () => {
  const seen = {
    carolLost: 0n,
    burnt: 0n,
    punishedExperts: 0,
    contradictions: 0,
    punishedValidators: 0,
    emitted: 0n,
  };
  fc.assert(
    fc.property(fc.array(step, { minLength: 30, maxLength: 120, size: 'max' }), (steps) => {
      const g = thievesPlay();
      const first = wealthOf(g, thieves, true);
      g.must('mallory', { kind: 'fundMarket', market: ownMarket, amountMicro: 20_000n });
      g.must('mallory', registerValidator('mallory', 'w1', 1_000n));
      beat(g, 'w1');
      g.must('trudy', { ...registerExpert('trudy', 't1', 1_000n), market: ownMarket } as Action);
      const carolFirst = wealthOf(g, ['carol'], false);
      const promises: WeightsPromise[] = [];
      for (const [index, act] of steps.entries()) {
        act(g, promises);
        // Rounding may leave who stays a micro-credit of who comes or goes; nothing else moves to them.
        expect(wealthOf(g, thieves, true) - first).toBeLessThanOrEqual(BigInt(index + 1));
        for (const { emittedMicro } of g.state.rankings.values()) seen.emitted += emittedMicro;
      }
      const lost = carolFirst - wealthOf(g, ['carol'], false);
      if (lost > 0n) seen.carolLost += lost;
      seen.burnt += g.network().burntMicro;
      for (const { target, kind } of g.state.offences.values())
        if (kind === 'contradiction') seen.contradictions += 1;
        else if (target.role === 'expert') seen.punishedExperts += 1;
        else seen.punishedValidators += 1;
    }),
    { numRuns: 60 },
  );
  // Worth something only if delegators did lose, by every kind of penalty, and pools paid out.
  for (const [name, count] of Object.entries(seen)) expect(Number(count), name).toBeGreaterThan(0);
});

test('100 of his own and 5,000 of others: whoever convicts himself in a market of his own has less, not 5,000 more', () => {
  const g = thievesPlay();
  const first = wealthOf(g, thieves, true);
  g.must('mallory', registerValidator('mallory', 'w1', 100n));
  const target = { role: 'validator', node: nodeOf('w1') } as const;
  g.must('carol', { kind: 'delegate', target, amountMicro: 5_000n });
  g.endEpoch('v1');
  const market = ownMarket;
  for (let clientSeq = 0; clientSeq < 100; clientSeq += 1) {
    const deadlineMs = g.network().epochStartedMs;
    const order = orderBody({
      market,
      client: idOf('trudy'),
      clientSeq,
      coordinator: nodeOf('evil-gateway'),
      deadlineMs,
    });
    const of = { market, job: jobIdOf([order]), client: order.client, clientSeq };
    const certificates = [0, 1].map((place) =>
      signedIn('w1', certificateDomain, certificateBody({ ...of, place })),
    );
    const outcome = g.act('trudy', {
      kind: 'evidence',
      market,
      proof: {
        kind: 'certificates',
        orders: [order],
        validator: nodeOf('w1'),
        certificates: [certificates[0]!, certificates[1]!],
      },
    });
    expect(outcome.applied).toBe(clientSeq === 0);
  }
  // Half is lost, once: 50 of his own, of which the reporter has a tenth, and 2,500 of hers.
  expect(wealthOf(g, thieves, true)).toBe(first - 45n);
  expect(wealthOf(g, ['carol'], false)).toBe(100_000n - 2_500n);
  expect([g.market(market).poolMicro, g.market(MARKET).poolMicro]).toEqual([0n, 0n]);
  expect(g.network().burntMicro).toBe(2_545n);
  // She leaves in the epoch that follows, and is out before anything more can be taken.
  g.endEpoch('v1');
  g.must('carol', { kind: 'undelegate', target, amountMicro: 2_500n });
  for (let epoch = 0; epoch < 2; epoch += 1) {
    expect(g.state.offences.size).toBe(1);
    g.endEpoch('v1');
  }
  expect(g.balance('carol')).toBe(97_500n);
});

test('terms that punish harder begin when who disagrees can be out, others with the usual notice', () => {
  const g = thievesPlay();
  const { slashBps } = worstTerms().parameters;
  const withEquivocation = (version: number, equivocation: number) => {
    const terms = worstTerms(version);
    return { ...terms, parameters: { ...terms.parameters, slashBps: { ...slashBps, equivocation } } };
  };
  const announce = (version: number, equivocation: number) => {
    g.must('mallory', {
      kind: 'updateMarket',
      market: ownMarket,
      terms: withEquivocation(version, equivocation),
    });
    return g.market(ownMarket).next!.fromEpoch - g.network().epoch;
  };
  expect(announce(2, 1_000)).toBe(1);
  g.endEpoch('v1');
  expect(announce(3, 1_001)).toBe(3);
});
