import { type Scenario, scenarioSchema } from '../src/scenario/schema.ts';

/** A small market with everybody in it, for tests. */
export function testScenario(changes: Record<string, unknown> = {}): Scenario {
  const specialist = { best: 0.11, elsewhere: 0.27, width: 0.4 };
  return scenarioSchema.parse({
    name: 'test',
    question: 'Does it hold?',
    jobs: 400,
    batchJobs: 20,
    market: { places: 16, probationJobs: 5 },
    experts: {
      specialists: { count: 14, skill: specialist },
      brokers: { count: 3, skill: { best: 0.5, elsewhere: 0.5 }, strategy: 'broker' },
      copiers: { count: 2, skill: specialist, copyOf: 'specialists' },
      junk: { count: 2, skill: { best: 0.52, elsewhere: 0.52 }, strategy: 'alone' },
      slow: { count: 2, skill: specialist, computeMs: 2_500, silentShare: 0.1 },
      sybils: { count: 3, skill: { best: 0.2, elsewhere: 0.2 }, oneModel: true, oneOwner: true },
      movers: { count: 3, skill: specialist, respecialise: { everyJobs: 60, costCredits: 0.1 } },
      newcomers: { count: 2, skill: specialist, joinsAt: 0.2 },
    },
    ...changes,
  });
}
