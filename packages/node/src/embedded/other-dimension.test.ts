/** A market whose space has another dimension than the shipped models'. */
import { expect, it } from 'vitest';
import { encoderBackend, wordEncode } from '../fixed-market/encoders.ts';
import {
  embedOne,
  expert,
  failedChecks,
  longText,
  openTestMarket,
  receiptOf,
  temporaryDirectory,
} from './test-market.ts';

it.each([64, 512])('of %d opens, competes, routes, and opens again', async (dimensions) => {
  const directory = temporaryDirectory();
  const specs = [0.2, 0.5, 0.8].map((noise, index) => {
    const name = ['words', 'mixed', 'grams'][index]!;
    return expert(name, encoderBackend(name, dimensions, wordEncode(dimensions, name, noise)));
  });
  const open = () =>
    openTestMarket(directory.path, {
      founding: specs[0]!,
      others: specs.slice(1),
      parameters: { dimensions },
    });
  let market = await open();
  try {
    for (const round of [1, 2]) {
      const answer = await embedOne(market, longText(round), 'shard');
      expect([answer.vector.length, answer.mode]).toEqual([dimensions, 'shard']);
      expect((await embedOne(market, `short ${round}`, 'route')).vector).toHaveLength(dimensions);
      expect(await failedChecks(market, await receiptOf(market, answer.receiptId))).toEqual([]);
      await market.close();
      if (round === 1) market = await open();
    }
  } finally {
    await market.close();
    directory.remove();
  }
});
