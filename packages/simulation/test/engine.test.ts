import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { simulate, startRun } from '../src/engine.ts';
import { testScenario } from './test-scenario.ts';

function finish(changes: Record<string, unknown> = {}) {
  const steps = simulate(testScenario(changes));
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

const settings = fc.record({
  seed: fc.nat(1_000_000),
  dimensions: fc.integer({ min: 2, max: 6 }),
  jobsPerSecond: fc.constantFrom(1, 20, 400),
  beliefs: fc.record({ from: fc.constantFrom('places', 'places', 'history'), strangers: fc.nat(4) }),
  market: fc.record({
    shardSize: fc.integer({ min: 3, max: 7 }),
    places: fc.integer({ min: 1, max: 20 }),
    quorumBps: fc.constantFrom(5_000, 8_000, 10_000),
    probationJobs: fc.nat(6),
    maximumClaims: fc.nat(4),
    feeBps: fc.integer({ min: 0, max: 10_000 }),
    lateSlashBps: fc.integer({ min: 0, max: 10_000 }),
    historyWeight: fc.nat(8),
  }),
});

describe('the engine', () => {
  it('keeps the rules in every job', () => {
    fc.assert(
      fc.property(settings, (changes) => {
        const run = startRun(testScenario({ ...changes, jobs: 150 }));
        const { market, accounts } = run;
        const staked = () => market.experts.reduce((sum, { stakeMicro }) => sum + stakeMicro, 0n);
        const atFirst = staked();
        for (let job = 0; job < 150; job += 1) {
          const { datum, members, sealed, winner, split } = run.step();
          const principals = sealed.seats.map(({ principal }) => principal);
          expect(new Set(principals).size).toBe(principals.length);
          const friends = sealed.seats.flatMap(({ principal, worker }) =>
            worker === undefined || worker === principal ? [] : [worker],
          );
          // One grant for each worker, to one principal, none to a member of the shard or by a newcomer.
          expect(new Set(friends).size).toBe(friends.length);
          for (const friend of friends) {
            expect(principals).not.toContain(friend);
            expect(friend.onProbation).toBe(false);
          }
          for (const seat of sealed.seats) {
            expect(seat.claims).toBeLessThanOrEqual(market.parameters.maximumClaims);
            if (seat.onProbation)
              expect(seat.worker === undefined || seat.worker === seat.principal).toBe(true);
            const commit = sealed.job.commits.find(({ body }) => body.principal === seat.principal.node);
            if (commit !== undefined) expect(commit.body.worker).toBe(seat.worker!.node);
          }
          for (const { principal, worker, workerBps, workerSlashMicro } of members) {
            const commit = sealed.job.commits.find(({ body }) => body.principal === principal);
            expect(worker).toBe(commit?.body.worker ?? principal);
            // Who never committed cannot be held to anything.
            if (worker === principal) expect([workerBps, workerSlashMicro]).toEqual([10_000, 0n]);
          }
          const calling = sealed.job.commits.filter(({ body }) => body.worker !== body.principal);
          expect(sealed.job.grants.map(({ by }) => by)).toEqual(calling.map(({ by }) => by));
          expect(sealed.cutAtMs).toBeGreaterThan(datum.atMs);
          expect(sealed.cutAtMs).toBeLessThanOrEqual(datum.atMs + market.parameters.sealedDeadlineMs);
          if (winner === undefined) {
            expect(split).toBeUndefined();
            continue;
          }
          const won = members[sealed.seats.indexOf(winner)]!;
          expect(won).toMatchObject({ outcome: 'scored', onProbation: false });
          const { feeMicro, marketMicro, workerMicro, principalMicro } = split!;
          expect(marketMicro + workerMicro + principalMicro).toBe(feeMicro);
        }
        const earned = market.experts.reduce((sum, expert) => sum + accounts.earnedMicro(expert), 0);
        expect(earned + accounts.marketMicro).toBe(accounts.clientsPaidMicro);
        expect(Number(atFirst - staked())).toBe(accounts.poolMicro);
      }),
      { numRuns: 30 },
    );
  });

  it('pays nobody who did not win', () => {
    const run = startRun(testScenario());
    const paid = run.market.experts.map(() => 0);
    for (let job = 0; job < 400; job += 1) {
      const { winner, split } = run.step();
      if (winner === undefined) continue;
      paid[winner.worker!.index]! += Number(split!.workerMicro);
      paid[winner.principal.index]! += Number(split!.principalMicro);
    }
    expect(run.market.experts.map((expert) => run.accounts.earnedMicro(expert))).toEqual(paid);
    expect(paid.some((amount) => amount > 0)).toBe(true);
  });

  it('gives the same numbers for the same seed, and others for another', () => {
    const bytes = (seed: number): string => JSON.stringify(finish({ seed }));
    expect(bytes(7)).toBe(bytes(7));
    expect(bytes(8)).not.toBe(bytes(7));
  });

  it('ends early when it is told to, with what there is', () => {
    let done = 0;
    const steps = simulate(testScenario(), () => done >= 100);
    let step = steps.next();
    for (; !step.done; step = steps.next()) done = step.value;
    expect(step.value).toMatchObject({ jobs: 100, isComplete: false });
  });

  it('rewards skill: friends raise quality, junk earns nothing, newcomers get past probation', () => {
    const jobs = 3_000;
    const specialist = { best: 0.11, elsewhere: 0.27, width: 0.4 };
    const experts = (strategy: string) => ({
      specialists: { count: 30, skill: specialist, strategy },
      junk: { count: 3, skill: { best: 0.52, elsewhere: 0.52 }, strategy: 'alone' },
      newcomers: { count: 2, skill: { best: 0.1, elsewhere: 0.1 }, strategy, joinsAt: 0.1 },
    });
    const together = finish({ jobs, experts: experts('friends') });
    const alone = finish({ jobs, experts: experts('alone') });
    expect(together.quality.winner).toBeLessThan(alone.quality.winner!);
    expect(together.quality.winner).toBeLessThan(together.quality.random!);
    expect(together.quality.oracle).toBeLessThan(together.quality.winner!);
    expect(alone.called).toBe(0);
    const [, junk, newcomers] = together.groups;
    expect(junk!.wins).toBeLessThan(0.02 * junk!.seats);
    expect(newcomers!.seats).toBeGreaterThan(0);
    expect(newcomers!.wins + newcomers!.calledWins).toBeGreaterThan(0);
  });

  it('serves clients by those with the best record, none on probation', () => {
    const changes = {
      jobs: 1_000,
      experts: {
        weak: { count: 12, skill: { best: 0.3, elsewhere: 0.3 } },
        good: { count: 8, skill: { best: 0.1, elsewhere: 0.1 } },
        newcomers: { count: 2, skill: { best: 0.01, elsewhere: 0.01 }, joinsAt: 0.99 },
      },
    };
    const run = startRun(testScenario(changes));
    expect(run.market.edition).toEqual([]);
    for (let job = 0; job < 1_000; job += 1) run.step();
    expect(run.market.edition.map(({ group }) => group)).toEqual(Array.from({ length: 8 }, () => 1));
    expect(finish(changes).quality.delivered).toBeLessThan(0.15);
  });

  it('has agents turn to where demand is', () => {
    const result = (everyJobs: number) =>
      finish({
        jobs: 6_000,
        demand: { hotspots: 3, background: 0, spread: 0.15 },
        market: { places: 16 },
        experts: {
          agents: {
            count: 30,
            skill: { best: 0.11, elsewhere: 0.27, width: 0.3, centre: 'anywhere' },
            respecialise: { everyJobs },
          },
        },
      });
    const turning = result(500);
    expect(turning.groups[0]!.moves).toBeGreaterThan(5);
    expect(turning.quality.oracle).toBeLessThan(result(1_000_000).quality.oracle!);
  });
});
