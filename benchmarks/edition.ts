/** What is an edition worth to who stores vectors? Chosen by exams on some documents, reported on others. */
import { fitPlaces } from '@market-of-experts/history/places';
import { nearestPlace } from '@market-of-experts/protocol';
import {
  type ChoiceRules,
  defaultChoiceRules,
} from '@market-of-experts/protocol/tasks/embedding/mixture/choose-weights';
import { fromInt8, int8Vector, signBits } from '@market-of-experts/protocol/tasks/embedding/mixture/compact';
import type { Weights } from '@market-of-experts/protocol/tasks/embedding/mixture/exam-row';
import { signProjection } from '@market-of-experts/protocol/tasks/embedding/mixture/projection';
import { unitOf } from '@market-of-experts/protocol/tasks/embedding/side-by-side';
import { specialistDomains } from '@market-of-experts/training';
import { barsOf, type EditionBars } from './edition/bars.ts';
import { rankBm25 } from './edition/bm25.ts';
import { type Delivery, kindsOf, meanOfKind, meanOverKinds, type Ranked, rank } from './edition/delivery.ts';
import { loadEditionTexts, type StoredText } from './edition/edition-texts.ts';
import { editionsByLoss, editionsByRule } from './edition/editions.ts';
import { examinedParts, rowsOf, simulateExams } from './edition/exam-rows.ts';
import { differenceInterval, ratioInterval } from './edition/intervals.ts';
import { inForm, mixtureDelivery } from './edition/mixture-delivery.ts';
import { openOwnSpaces, ownSpaceExperts } from './edition/own-space.ts';
import { leastSelfCosine } from './edition/self-cosine.ts';
import { optionOf } from './scoring/options.ts';
import { progressBar } from './scoring/progress.ts';

const founder = 'minilm-l6';
const places = 16;
const sizes = [1, 2, 3, 5, 8];

interface Row {
  readonly name: string;
  readonly mrr: number;
  readonly shortMrr: number;
  /** Undefined where it is not of an encoder. */
  readonly encodesPerText?: number;
  readonly dimensions?: number;
  readonly ranked?: Ranked;
}

/** Measured before this benchmark was: vectors of the members of each job's shard, mixed (docs/concepts/routing.md). */
const deliveryByShard: Row = { name: 'delivery by shard (kept figure)', mrr: 0.461, shortMrr: 0.309 };

export async function run({ args }: { json: boolean; args: readonly string[] }): Promise<unknown> {
  const isSwapped = args.includes('--swap');
  const wanted = optionOf(args, '--experts')?.split(',');
  const rules: ChoiceRules = defaultChoiceRules;
  const kinds = specialistDomains().map(({ kind }) => kind);
  const { reported, examined } = loadEditionTexts(
    { kinds, perKind: Number(optionOf(args, '--per-kind') ?? 140) },
    isSwapped,
  );
  const exams = simulateExams(examined, Number(optionOf(args, '--rounds') ?? 2), 'edition');
  const experts = ownSpaceExperts.filter(({ name }) => wanted?.includes(name) ?? true);
  const spaces = await openOwnSpaces(experts, [
    ...reported.flatMap(({ start, rest, short }) => [start, rest, short]),
    ...examinedParts(exams),
  ]);
  const table = fitPlaces(
    exams.map(({ kept }) => spaces.sealedOf(founder, kept)),
    places,
  );
  const placeOf = (text: string): number => nearestPlace(table, spaces.sealedOf(founder, text));
  const exam = rowsOf(exams, spaces, placeOf);
  const documents = (texts: readonly { readonly documentId: string }[]): number =>
    new Set(texts.map(({ documentId }) => documentId)).size;
  console.log(
    `${reported.length} reported texts of ${documents(reported)} documents and ${kindsOf(reported).size} kinds; chosen by ` +
      `${exams.length} exams of ${examined.length} texts of ${documents(examined)} other documents. start: a text's first half finds ` +
      'its second among those of all texts; short: its first eight words do. Documents and questions are delivered apart.',
  );

  const tick = progressBar('rows', experts.length + 2 + sizes.length + 7);
  const row = (delivery: Delivery): Row & { readonly ranked: Ranked } => {
    const ranked = rank(delivery, reported);
    tick(1);
    const { name, encodesPerText, dimensions } = delivery;
    return { name, encodesPerText, dimensions, ...meansOf(ranked), ranked };
  };
  const meansOf = ({ start, short }: Ranked) => ({
    mrr: meanOverKinds(reported, start),
    shortMrr: meanOverKinds(reported, short),
  });

  const singles = experts.map(({ name }) => row(mixtureDelivery(name, new Map([[name, 2]]), spaces)));
  const bestSingle = singles.reduce((best, each) => (each.mrr > best.mrr ? each : best));
  const bestShort = singles.reduce((best, each) => (each.shortMrr > best.shortMrr ? each : best));
  const oracle: Row = {
    name: 'oracle of kinds',
    encodesPerText: 1,
    mrr: oracleOf(singles, reported, 'start'),
    shortMrr: oracleOf(singles, reported, 'short'),
  };
  const bm25 = rankBm25(reported);

  const founding: Weights = new Map([[founder, 2]]);
  const byRule = editionsByRule(founding, exam, rules);
  for (const [index, { change, weights }] of byRule.entries())
    if (change !== undefined)
      console.log(
        `edition ${index + 2}: ${change.kind} ${change.expert} ${change.fromSteps} → ${change.toSteps} halves, loss −${change.gain.toFixed(4)} ± ${change.standardError.toFixed(4)} on exams it was not chosen by: ${told(weights)}`,
      );
  const last = byRule.at(-1) ?? { weights: founding, gate: new Map<number, Weights>() };
  const chosen = mixtureDelivery(`edition by the rule, ${last.weights.size} parts`, last.weights, spaces);
  const edition = row(chosen);
  const gated = row(
    mixtureDelivery(`… gate at ${last.gate.size} of ${places} places`, last.weights, spaces, (text) =>
      last.gate.get(placeOf(text)),
    ),
  );
  const byLoss = [...editionsByLoss(founding, exam, sizes, rules)].map(([size, weights]) => {
    console.log(`k = ${size} by mean loss alone: ${told(weights)}`);
    return row(mixtureDelivery(`by mean loss alone, k = ${size}`, weights, spaces));
  });

  const parts = [...last.weights.keys()].map((name) => ({ name, dimensions: spaces.dimensionsOf(name) }));
  const widths = parts.map(({ dimensions }) => dimensions);
  // Fewer numbers are the first ones of more.
  const long = inForm(chosen, 'projected to 1024', signProjection(parts, 'edition', 1_024), 1_024);
  const projected = (count: number): Delivery =>
    inForm(
      long,
      `projected to ${count}`,
      (vector) => unitOf(Float64Array.from(vector.subarray(0, count))),
      count,
    );
  const asBytes = (delivery: Delivery, of: readonly number[], name: string): Delivery =>
    inForm(delivery, name, (vector) => fromInt8(int8Vector(vector, of), of));
  const asBits = (delivery: Delivery, name: string): Delivery =>
    inForm(delivery, name, (vector) => signsOf(signBits(vector)));
  const forms = [
    asBytes(chosen, widths, 'int8, a scale a part'),
    asBytes(chosen, [chosen.dimensions], 'int8, one scale'),
    long,
    asBytes(long, [1_024], 'projected to 1024, int8'),
    asBits(long, 'bits of 1024'),
    projected(384),
    projected(128),
  ].map(row);

  const rows: Row[] = [
    ...singles,
    oracle,
    { name: 'BM25', ...meansOf(bm25) },
    deliveryByShard,
    edition,
    gated,
    ...byLoss,
    ...forms,
  ];
  console.table(
    rows.map(({ name, mrr, shortMrr, encodesPerText, dimensions }) => ({
      '': name,
      start: round(mrr),
      short: round(shortMrr),
      encodes: encodesPerText ?? '',
      numbers: dimensions ?? '',
    })),
  );

  const gain = (better: Ranked, single: typeof bestSingle, question: 'start' | 'short') => {
    const scale = meanOverKinds(reported, single.ranked[question]);
    const { mean, low, high } = differenceInterval(reported, better[question], single.ranked[question]);
    return { mean: mean / scale, low: low / scale, high: high / scale };
  };
  const gainOverBestSingle = gain(edition.ranked, bestSingle, 'start');
  const gainOverBestShort = gain(edition.ranked, bestShort, 'short');
  const byKind = [...kindsOf(reported)].map((kind) => ({
    kind,
    ...ratioInterval(reported, edition.ranked.start, bestSingle.ranked.start, kind),
  }));
  console.log(
    `Edition against the best single expert: ${bestSingle.name}, start ${percents(gainOverBestSingle)}; ${bestShort.name}, short ${percents(gainOverBestShort)}.`,
  );
  for (const { kind, ...interval } of byKind) console.log(`  ${kind}: ${percents(interval)}`);
  const gateGain = differenceInterval(reported, gated.ranked.start, edition.ranked.start);
  console.log(
    `Gate against none, start: ${gateGain.mean.toFixed(4)} [${gateGain.low.toFixed(4)}, ${gateGain.high.toFixed(4)}].`,
  );
  const selfCosineMin = await leastSelfCosine(
    experts.filter(({ name }) => last.weights.has(name)),
    last.weights,
    reported,
  );
  const figures: EditionBars = {
    isSwapped,
    selfCosineMin,
    edition,
    byLoss,
    oracle,
    forms,
    gainOverBestSingle,
    byKind,
    parts: last.weights.size,
  };
  const bars = barsOf(figures);
  for (const { text, isMet } of bars) console.log(`${isMet ? 'met   ' : 'MISSED'}  ${text}`);
  return {
    selfCosineMin,
    rows: rows.map(({ ranked: _, ...each }) => each),
    headroom: (edition.mrr - bestSingle.mrr) / (oracle.mrr - bestSingle.mrr),
    gainOverBestSingle,
    gainOverBestShort,
    gateGain,
    byKind,
    editions: byRule.map(({ change }) => change),
    weights: Object.fromEntries(last.weights),
    bars,
  };
}

/** For every kind the expert that retrieves best there, with hindsight. */
function oracleOf(
  singles: readonly { readonly ranked: Ranked }[],
  texts: readonly StoredText[],
  question: 'start' | 'short',
): number {
  const kinds = [...kindsOf(texts)];
  const best = kinds.map((kind) =>
    Math.max(...singles.map(({ ranked }) => meanOfKind(texts, ranked[question], kind))),
  );
  return best.reduce((sum, value) => sum + value, 0) / kinds.length;
}

/** ± 1 a number, as a store of binary vectors counts. */
function signsOf(bytes: Uint8Array): Float32Array {
  return Float32Array.from({ length: 8 * bytes.length }, (_, axis) =>
    (bytes[axis >> 3]! & (128 >> (axis & 7))) > 0 ? 1 : -1,
  );
}

const told = (weights: Weights): string =>
  [...weights].map(([name, steps]) => `${name} ${steps / 2}`).join(', ');
const round = (value: number): number => Number(value.toFixed(3));
const percents = ({ mean, low, high }: { mean: number; low: number; high: number }): string =>
  `${(100 * mean).toFixed(1)} % [${(100 * low).toFixed(1)}, ${(100 * high).toFixed(1)}]`;
