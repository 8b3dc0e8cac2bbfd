import type { NodeId } from '@market-of-experts/core';
import {
  chooseEdition as chooseNextEdition,
  contributionsTo,
  defaultChoiceRules,
  type ExamRow,
  payShares,
  shapleyValues,
  toNumber,
} from '@market-of-experts/protocol';
import type { ExamDatum } from './exam-batches.ts';
import type { Player } from './players.ts';

/** Parts of an edition with their weights in halves. */
export type Weights = ReadonlyMap<Player, number>;

const mostEpochs = 12;

/** Margins of players for each pair of the data; the pairs of a datum weigh one together. */
export interface Margins {
  lossOf(weights: Weights): number;
}

export function marginsOf(data: readonly ExamDatum[]): Margins {
  const known = new Map<Player, Float64Array>();
  const weightOfPair = Float64Array.from(
    data.flatMap(({ own, others }) => {
      const pairs = own.length * others.length;
      return Array.from({ length: pairs }, () => 1 / pairs);
    }),
  );
  const marginsFor = (player: Player): Float64Array => {
    const before = known.get(player);
    if (before !== undefined) return before;
    const margins = Float64Array.from(
      data.flatMap((datum) => {
        const said = player.products(datum);
        return datum.own.flatMap((_, p) =>
          datum.others.map((__, o) => (said === undefined ? 0 : said.own[p]! - said.others[o]!)),
        );
      }),
    );
    known.set(player, margins);
    return margins;
  };
  return {
    lossOf: (weights) => {
      const mixed = new Float64Array(weightOfPair.length);
      for (const [player, weight] of weights) {
        const margins = marginsFor(player);
        for (let pair = 0; pair < mixed.length; pair += 1) mixed[pair]! += weight * margins[pair]!;
      }
      const worse = mixed.reduce(
        (sum, margin, pair) => sum + (margin < 0 ? 1 : margin === 0 ? 0.5 : 0) * weightOfPair[pair]!,
        0,
      );
      return worse / data.length;
    },
  };
}

/**
 * The edition that the published rule comes to on these data, change by change, from the one in force or from the best expert alone;
 * documents are clients.
 */
export function chooseEdition(
  data: readonly ExamDatum[],
  players: readonly Player[],
  inForce?: Weights,
): Weights {
  const byName = new Map(players.map((player) => [player.name, player]));
  const rows = data.map((datum): ExamRow => {
    const products = players.flatMap(({ name, products: of }) => {
      const said = of(datum);
      return said === undefined ? [] : [[name, said] as const];
    });
    const { documentId, whole } = datum.text;
    return {
      client: documentId,
      document: documentId,
      feeMicro: BigInt(Buffer.byteLength(whole)),
      products: new Map(products),
    };
  });
  const start = inForce ?? new Map([[bestOf(marginsOf(data), players), 2]]);
  let weights: ReadonlyMap<string, number> = new Map(
    [...start].map(([player, weight]) => [player.name, weight]),
  );
  for (let epoch = 0; epoch < mostEpochs; epoch += 1) {
    const choice = chooseNextEdition(weights, rows, `epoch ${epoch}`, defaultChoiceRules);
    if (choice?.change === undefined && epoch > 2) break;
    weights = choice?.weights ?? weights;
  }
  return new Map([...weights].map(([name, weight]) => [byName.get(name)!, weight]));
}

function bestOf(margins: Margins, players: readonly Player[]): Player {
  const alone = players.map((player) => ({ player, loss: margins.lossOf(new Map([[player, 1]])) }));
  return alone.sort((a, b) => a.loss - b.loss)[0]!.player;
}

export interface PayRule {
  readonly marginScaleMillionths: number;
  readonly encodeCostMillionths: number;
}

const payRule: PayRule = { marginScaleMillionths: 50_000, encodeCostMillionths: 2_000 };

const rowsOf = (weights: Weights, data: readonly ExamDatum[]) =>
  data.map((datum) => ({
    feeMicro: BigInt(Buffer.byteLength(datum.text.whole)),
    parts: [...weights.keys()].map((player) => player.products(datum)),
  }));

/** Share of the service fee that each part gets by exams on these data. */
export function serviceShares(
  weights: Weights,
  data: readonly ExamDatum[],
  rule: PayRule = payRule,
): ReadonlyMap<Player, number> {
  return sharesOf(weights, contributionsByDatum(weights, data, rule), rule);
}

/** What every datum adds to the parts' contributions. */
export function contributionsByDatum(
  weights: Weights,
  data: readonly ExamDatum[],
  rule: PayRule = payRule,
): bigint[][] {
  const whole = { ...rule, weights: [...weights.values()] };
  return rowsOf(weights, data).map((row) => contributionsTo(whole, row));
}

export function sharesOf(
  weights: Weights,
  contributions: readonly (readonly bigint[])[],
  rule: PayRule = payRule,
): ReadonlyMap<Player, number> {
  const parts = [...weights].map(([player, weight], index) => ({
    node: player.name as NodeId,
    weight,
    added: contributions.reduce((sum, each) => sum + each[index]!, 0n),
  }));
  const shares = payShares(parts, rule.encodeCostMillionths);
  return new Map([...weights.keys()].map((player, index) => [player, shares[index]!.millionths / 1_000_000]));
}

/** By how much each part lowers the loss, on average over all orders. */
export function shapleyOf(weights: Weights, data: readonly ExamDatum[]): ReadonlyMap<Player, number> {
  const values = shapleyValues([...weights.values()], rowsOf(weights, data))!;
  return new Map([...weights.keys()].map((player, index) => [player, toNumber(values[index]!)]));
}
