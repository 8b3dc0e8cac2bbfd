import type { NodeId } from '@market-of-experts/core';
import type { Ranking, Weights } from '@market-of-experts/protocol';
import { contraryTestimony } from '@market-of-experts/roles/validator/contrary-testimony';
import { steppedClock } from '@market-of-experts/testing/stepped-clock';
import {
  embedOne,
  failedChecks,
  longText,
  openTestMarket,
  receiptOf,
  settled,
  temporaryDirectory,
} from '@market-of-experts/testing/test-market';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type EmbeddedMarket, embeddedMarketId } from '../src/embedded-market.ts';
import { validatorSpecs } from '../src/validators/validators.ts';

/** Four validators, of which the last swaps good and bad. */
const directory = temporaryDirectory();
const names = validatorSpecs(4).map(({ name }) => name);
const liar = names[3]!;
/** Rankings to which all four have contributed. Whether lying pays by chance is measured in `benchmarks/collusion/lying.ts`. */
const rankings = 5;
const jobsPerEpoch = 12;
const epochMs = 600_000;
const clock = steppedClock();
let market: EmbeddedMarket;
/** The last of them, with the weights that it was made of. */
let last: { readonly ranking: Ranking; readonly weights: readonly Weights[] };
/** What validators were paid in all of them. */
const paid = new Map<string, bigint>();
let receipts: string[];

beforeAll(async () => {
  market = await openTestMarket(directory.path, {
    validators: names.map((name) => (name === liar ? { name, testimony: contraryTestimony } : { name })),
    epochMs,
    clock,
    // One alone could certify what it likes.
    parameters: { witnesses: 3 },
  });
  let left = rankings;
  market.ledger.onApplied(({ transaction }) => {
    if (transaction.kind !== 'endEpoch') return;
    const ranking = market.ledger.ranking(embeddedMarketId);
    const weights = market.ledger.weights(embeddedMarketId);
    const isFromAll = weights.filter(({ epoch }) => epoch === transaction.epoch - 1).length === names.length;
    if (ranking === undefined || ranking.emittedMicro === 0n || !isFromAll) return;
    left -= 1;
    last = { ranking, weights };
    for (const { node, emissionMicro } of ranking.validators)
      paid.set(nameOf(node), (paid.get(nameOf(node)) ?? 0n) + emissionMicro);
  });
  receipts = [];
  while (left > 0) {
    for (let job = 0; job < jobsPerEpoch; job += 1)
      receipts.push((await embedOne(market, longText(receipts.length), 'shard')).examId);
    await settled(market, receipts.length);
    await epochEnds();
  }
});

/** Lets the running epoch end, and waits until every validator has made its promise of the next one. */
async function epochEnds(): Promise<void> {
  const { epoch } = market.ledger.settings();
  const hasPromised = (): boolean =>
    market.ledger.settings().epoch > epoch &&
    market.ledger
      .validators()
      .every(({ node }) => market.ledger.weightCommit(embeddedMarketId, node, epoch + 1) !== undefined);
  await new Promise<void>((resolve) => {
    const unsubscribe = market.ledger.onApplied(() => {
      if (!hasPromised()) return;
      unsubscribe();
      resolve();
    });
    clock.advance(epochMs);
  });
}
afterAll(async () => {
  await market?.close();
  directory.remove();
});

const nameOf = (node: NodeId): string =>
  market.ledger.expert(embeddedMarketId, node)?.name ?? market.ledger.validator(node)!.name;

it('the honest weigh alike, whatever each of them witnessed', () => {
  const honest = last.weights.filter(({ validator }) => nameOf(validator) !== liar);
  expect(honest).toHaveLength(3);
  for (const { values } of honest) expect(values).toEqual(honest[0]!.values);
});

it('the liar weighs another expert most than the others, who agree', () => {
  const favourite = new Map(
    last.weights.map(({ validator, values }) => {
      const [node] = values.reduce((best, value) => (value[1] > best[1] ? value : best));
      return [nameOf(validator), nameOf(node)];
    }),
  );
  const honest = new Set(names.slice(0, 3).map((name) => favourite.get(name)));
  expect(honest.size).toBe(1);
  expect(favourite.get(liar)).not.toBe([...honest][0]);
});

it('the liar changes nothing: everybody is paid what honest validators give him', () => {
  for (const { node, consensus } of last.ranking.experts) {
    const given = last.weights
      .filter(({ validator }) => nameOf(validator) !== liar)
      .map(({ values }) => {
        const sum = values.reduce((total, [, weight]) => total + weight, 0);
        return (values.find(([expert]) => expert === node)?.[1] ?? 0) / sum;
      });
    const rounding = 1e-3;
    expect(consensus / 65_535).toBeLessThanOrEqual(Math.max(...given) + rounding);
    expect(consensus / 65_535).toBeGreaterThanOrEqual(Math.min(...given) - rounding);
  }
});

it('the liar earns less than every honest validator of the same stake', () => {
  for (const name of names.slice(0, 3)) expect(paid.get(liar)!).toBeLessThan(paid.get(name)!);
});

it('jobs are certified by the others, and their receipts verify', async () => {
  const receipt = await receiptOf(market, receipts.at(-1)!);
  expect(await failedChecks(market, receipt)).toEqual([]);
});
