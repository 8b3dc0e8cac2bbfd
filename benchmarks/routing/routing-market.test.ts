import { workAlways } from '@market-of-experts/roles/calling/policy';
import { wordEncode } from '@market-of-experts/testing/encoders';
import { smallParameters, textAbout } from '@market-of-experts/testing/small-market';
import { expect, it } from 'vitest';
import { planJobs, routingMarket } from './routing-market.ts';

it('runs jobs of experts that belong to different people', async () => {
  const parameters = smallParameters;
  const experts = ['a', 'b', 'c', 'd'].map((name, index) => ({
    name,
    vectorOf: wordEncode(parameters.dimensions, name, 0.5 + index / 10),
  }));
  const seed = 'routing/test';
  const market = routingMarket({
    seed,
    parameters,
    experts,
    policy: workAlways,
    calibration: Array.from({ length: parameters.distractorPool }, (_, index) => textAbout(index)),
    founder: experts[0]!.vectorOf,
  });
  for (const job of planJobs(seed, parameters, [textAbout(1_000), textAbout(1_001)])) {
    const { members, data } = await market.run(job);
    expect(members).toHaveLength(parameters.shardSize);
    expect(members.map(({ principal }) => principal)).toContain(data[0]!.winner);
  }
});
