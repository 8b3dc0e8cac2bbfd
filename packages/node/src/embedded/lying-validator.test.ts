import type { NodeId } from '@moe/core';
import type { Ranking } from '@moe/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { contraryTestimony } from '../validator/contrary-testimony.ts';
import { type EmbeddedMarket, embeddedMarketId } from './embedded-market.ts';
import {
  embedOne,
  failedChecks,
  longText,
  openTestMarket,
  receiptOf,
  temporaryDirectory,
} from './test-market.ts';
import { validatorSpecs } from './validators.ts';

/** Four validators, of which the last swaps good and bad. */
const directory = temporaryDirectory();
const names = validatorSpecs(4).map(({ name }) => name);
const liar = names[3]!;
let market: EmbeddedMarket;
/** A ranking to which all four have contributed weights. */
let ranking: Ranking;
let receipts: string[];

beforeAll(async () => {
  market = await openTestMarket(directory.path, {
    validators: names.map((name) => (name === liar ? { name, testimony: contraryTestimony } : { name })),
    epochMs: 500,
  });
  const everybodyRanked = rankedBy(names.length);
  receipts = [];
  let isRanked = false;
  void everybodyRanked.then(() => {
    isRanked = true;
  });
  for (let job = 0; !isRanked; job += 1)
    receipts.push((await embedOne(market, longText(job), 'shard')).receiptId);
  ranking = await everybodyRanked;
}, 60_000);
afterAll(async () => {
  await market?.close();
  directory.remove();
});

/** Resolves with the first ranking in which so many validators' weights of the epoch before were in force. */
function rankedBy(count: number): Promise<Ranking> {
  return new Promise((resolve) => {
    const unsubscribe = market.ledger.onApplied(({ transaction }) => {
      if (transaction.kind !== 'endEpoch') return;
      const current = market.ledger.ranking(embeddedMarketId);
      const fresh = market.ledger
        .weights(embeddedMarketId)
        .filter(({ epoch }) => epoch === transaction.epoch - 1);
      if (current === undefined || fresh.length < count || current.emittedMicro === 0n) return;
      unsubscribe();
      resolve(current);
    });
  });
}

const nameOf = (node: NodeId): string =>
  market.ledger.expert(embeddedMarketId, node)?.name ?? market.ledger.validator(node)!.name;

it('the liar weighs the worst expert most, the others the best', () => {
  const favourite = new Map(
    market.ledger.weights(embeddedMarketId).map(({ validator, values }) => {
      const [node] = values.reduce((best, value) => (value[1] > best[1] ? value : best));
      return [nameOf(validator), nameOf(node)];
    }),
  );
  const honest = new Set(names.slice(0, 3).map((name) => favourite.get(name)));
  expect(honest.size).toBe(1);
  expect(favourite.get(liar)).not.toBe([...honest][0]);
});

it('the liar changes nothing: nobody is paid more than the honest majority gives him', () => {
  const weights = market.ledger.weights(embeddedMarketId);
  for (const { node, consensus } of ranking.experts) {
    const given = weights
      .filter(({ validator }) => nameOf(validator) !== liar)
      .map(({ values }) => {
        const sum = values.reduce((total, [, weight]) => total + weight, 0);
        return (values.find(([expert]) => expert === node)?.[1] ?? 0) / sum;
      });
    // Weights of the next epoch may have been opened since: shares drift a little.
    expect(consensus / 65_535).toBeLessThanOrEqual(Math.max(...given) + 0.1);
    expect(consensus / 65_535).toBeGreaterThanOrEqual(Math.min(...given) - 0.1);
  }
});

it('the liar earns less than every honest validator of the same stake', () => {
  const dividends = new Map(
    ranking.validators.map(({ node, emissionMicro }) => [nameOf(node), emissionMicro]),
  );
  for (const name of names.slice(0, 3)) expect(dividends.get(liar)!).toBeLessThan(dividends.get(name)!);
});

it('jobs are certified by the others, and their receipts verify', async () => {
  const receipt = await receiptOf(market, receipts.at(-1)!);
  expect(await failedChecks(market, receipt)).toEqual([]);
});
