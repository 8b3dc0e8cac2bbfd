import { defaultParameters, maskText } from '@market-of-experts/protocol';
import { wordEncode } from '@market-of-experts/testing/encoders';
import { smallParameters, textAbout } from '@market-of-experts/testing/small-market';
import { expect, it } from 'vitest';
import type { Encoder } from './encoders.ts';
import type { EvaluationJob, EvaluationSet } from './evaluation-set.ts';
import { phaseMarket } from './phase-market.ts';

it('runs a job of experts that belong to different people', () => {
  const parameters = { ...smallParameters, witnesses: defaultParameters.witnesses };
  const texts: string[] = [];
  const placeOf = (text: string): number => texts.push(text) - 1;
  const text = textAbout(1_000);
  const masked = maskText(text, 'scoring/0', parameters)!;
  const job = {
    kind: 'novel',
    documentId: 'one',
    full: placeOf(text),
    kept: placeOf(masked.kept),
    pieces: masked.pieces.map(placeOf),
  } as EvaluationJob;
  const calibration = Array.from({ length: parameters.distractorPool }, (_, index) => ({
    text: placeOf(textAbout(index)),
  })) as unknown as EvaluationSet['calibration'];
  const encoders = ['a', 'b', 'c'].map((name): Encoder => {
    const encode = wordEncode(parameters.dimensions, name, 0.5);
    return { name, group: 'reference', note: name, vectors: texts.map(encode) };
  });
  const market = phaseMarket({
    set: { texts, jobs: [job], calibration },
    encoders,
    parameters,
    seed: 'test',
    ticketDepth: 4,
  });
  const { members, data } = market.run(job);
  expect(members).toHaveLength(parameters.shardSize);
  expect(members.map(({ principal }) => principal)).toContain(data[0]!.winner);
});
