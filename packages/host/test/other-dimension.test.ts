/** A market whose space has another dimension than the shipped models'. */

import { float32FromBytes } from '@market-of-experts/protocol';
import { encoderBackend, wordEncode } from '@market-of-experts/testing/encoders';
import {
  embedOne,
  expert,
  failedChecks,
  longText,
  receiptOf,
  withTestMarket,
} from '@market-of-experts/testing/test-market';
import { expect, it } from 'vitest';

it.each([64, 512])('of %d opens, competes, routes, and opens again', async (dimensions) => {
  const specs = [0.2, 0.5, 0.8].map((noise, index) => {
    const name = ['words', 'mixed', 'grams'][index]!;
    return expert(name, encoderBackend(name, dimensions, wordEncode(dimensions, name, noise)));
  });
  const init = { founding: specs[0]!, others: specs.slice(1), parameters: { dimensions } };
  await withTestMarket(init, async (test) => {
    for (const round of [1, 2]) {
      if (round === 2) await test.reopen();
      const { market } = test;
      const answer = await embedOne(market, longText(round), 'shard');
      expect([float32FromBytes(answer.answer).length, answer.isExamined]).toEqual([dimensions, true]);
      const routed = await embedOne(market, `short ${round}`, 'auto');
      expect(float32FromBytes(routed.answer)).toHaveLength(dimensions);
      expect(await failedChecks(market, await receiptOf(market, answer.examId))).toEqual([]);
    }
  });
});
