/** Does calling a friend find the right expert? Real experts, real texts of eight kinds, the roles of the node. */

import { type Delivery, defaultParameters, embeddedParameters } from '@market-of-experts/protocol';
import { thompsonPolicy, workAlways } from '@market-of-experts/roles/calling/policy';
import { specialistDomains } from '@market-of-experts/training';
import { type DeliveryTuning, type MarketRun, planMarket, runMarket, textsOf } from './routing/market-run.ts';
import { type Delivered, type Measured, mean, means, measure } from './routing/measure.ts';
import { catalogueExperts, specialistExperts } from './routing/routed-experts.ts';
import { loadTextSet } from './routing/text-set.ts';
import { vectorStore } from './routing/vector-store.ts';
import { yardstick } from './routing/yardstick.ts';
import { optionOf } from './scoring/options.ts';
import { progressBar } from './scoring/progress.ts';

const catalogueNames = ['minilm-l6', 'minilm-l3', 'minilm-l1', 'static', 'lexical'];
const deliveries: readonly Delivery[] = ['winner', 'expected-best', 'ensemble'];
const defaultDelivery: Delivery = 'ensemble';
/** What the ensemble would deliver with other parameters than the market's. */
const tunings: readonly Required<DeliveryTuning>[] = [4, 16].flatMap((deliveryHistoryWeight) =>
  [0.01, 0.02, 0.04].map((ensembleTemperature) => ({ deliveryHistoryWeight, ensembleTemperature })),
);
/** Least share of the way from the best single expert to the oracle. */
const barLoss = 0.8;
const barRetrieval = 0.5;
/** Where one expert dominates, the market is at most so much worse. */
const barDominated = 0.02;

interface Row extends Measured {
  readonly name: string;
  readonly encodesPerJob: number;
}

export async function run({ args }: { json: boolean; args: readonly string[] }): Promise<unknown> {
  const wanted = optionOf(args, '--kinds')?.split(',');
  const kinds = specialistDomains()
    .map(({ kind }) => kind)
    .filter((kind) => wanted === undefined || wanted.includes(kind));
  const parameters = embeddedParameters;
  const loaded = loadTextSet({
    kinds,
    perKind: Number(optionOf(args, '--per-kind') ?? 320),
    calibrationPieces: Number(optionOf(args, '--calibration') ?? 2_048),
  });
  // The same experts on other texts: what the market learned on is measured, and the other way round.
  const isSwapped = args.includes('--swap');
  const set = isSwapped ? { ...loaded, history: loaded.measured, measured: loaded.history } : loaded;
  const plan = planMarket({
    set,
    parameters,
    seed: 'routing/1',
    rounds: Number(optionOf(args, '--rounds') ?? 3),
    parts: ['whole', 'start', 'rest'],
  });
  const experts = [...catalogueExperts(catalogueNames), ...(await specialistExperts(kinds))];
  const store = await vectorStore(experts, textsOf(set, plan));
  const everyone = experts.map((_, expert) => expert);
  const ruler = yardstick({ set, store, judges: everyone, parameters: defaultParameters });
  console.log(
    `${set.measured.length} measured texts of ${documentsIn(set.measured)} documents and ${kinds.length} kinds; history: ` +
      `${plan.history.length} jobs on ${set.history.length} texts of ${documentsIn(set.history)} other documents. ` +
      `${experts.length} experts. loss: of what is delivered, on a new cut of the text, judged by everybody who has no ` +
      'part in it; retrieval: reciprocal rank of the rest of a text, asked for with its start.',
  );
  const row = (name: string, encodesPerJob: number, delivered: Delivered): Row => ({
    name,
    encodesPerJob,
    ...measure(set, store, ruler, delivered),
  });

  const tick = progressBar('judging', experts.length);
  const single = everyone.map((expert) => {
    const alone = row(experts[expert]!.name, 1, () => new Map([[expert, 1]]));
    tick(1);
    return alone;
  });
  const random: Row = {
    name: '(a) random expert',
    encodesPerJob: 1,
    ...means(
      kinds.map((_, kind) => mean(single.map(({ lossByKind }) => lossByKind[kind]!))),
      kinds.map((_, kind) => mean(single.map(({ retrievalByKind }) => retrievalByKind[kind]!))),
    ),
  };
  const best = bestOf(single);
  const oracle = oracleOf(single);
  const bestRetriever = single.reduce((most, each) => (each.retrieval > most.retrieval ? each : most));

  const tickJobs = progressBar('jobs', 3 * (plan.history.length + plan.measured.length));
  const market = async (of: readonly number[], policy: typeof thompsonPolicy): Promise<MarketRun> =>
    await runMarket({ set, store, experts: of, plan, policy, onJob: () => tickJobs(1) });
  const alone = await market(everyone, workAlways);
  const friends = await market(everyone, thompsonPolicy);
  const weak = everyone.filter((expert) => catalogueNames.includes(experts[expert]!.name));
  const dominated = await market(weak, thompsonPolicy);
  const rowsOf = (label: string, { delivered, encodesPerJob }: MarketRun): Row[] =>
    deliveries.map((delivery) => row(`${label}, ${delivery}`, encodesPerJob, delivered(delivery)));

  const withFriends = rowsOf('(d) market with friends', friends);
  const rows: Row[] = [
    random,
    { ...best, name: `(b) best single: ${best.name}` },
    ...rowsOf('(c) random shard', alone),
    ...withFriends,
    oracle,
  ];
  printKinds(kinds, [...single, ...rows]);
  // NaN where the experts of the lowest loss retrieve no better than the best single one: there is nothing to win.
  const shareOf = ({ loss, retrieval }: Row) => ({
    loss: oracle.loss < best.loss ? (best.loss - loss) / (best.loss - oracle.loss) : Number.NaN,
    retrieval:
      oracle.retrieval > best.retrieval
        ? (retrieval - best.retrieval) / (oracle.retrieval - best.retrieval)
        : Number.NaN,
  });
  console.table(
    rows.map((each) => ({
      '': each.name,
      loss: round(each.loss),
      retrieval: round(each.retrieval),
      'encodes a job': round(each.encodesPerJob),
      'headroom won: loss': round(shareOf(each).loss),
      'of retrieval': round(shareOf(each).retrieval),
    })),
  );
  console.log(
    `Best single by retrieval: ${bestRetriever.name}, ${round(bestRetriever.retrieval)}. A friend worked for ${percent(friends.calledShare)} of the members; ${percent(friends.unpaidShare)} of the jobs had no winner.`,
  );
  const weakRows = rowsOf('market', dominated);
  const bestWeak = bestOf(weak.map((expert) => single[expert]!));
  console.log(`One expert dominates: the catalogue alone, ${weak.length} experts, no specialists.`);
  console.table(
    [bestWeak, ...weakRows].map(({ name, loss, retrieval }) => ({
      '': name,
      loss: round(loss),
      retrieval: round(retrieval),
      'loss against the best': percent(loss / bestWeak.loss - 1),
      'retrieval against the best': percent(retrieval / bestWeak.retrieval - 1),
    })),
  );

  console.log('The ensemble with other weights of history (k₀) and temperatures (T), in delivery alone:');
  const tuned = tunings.map((tuning) => ({
    ...tuning,
    ...shareOf(row('', 0, friends.delivered('ensemble', tuning))),
    dominated: row('', 0, dominated.delivered('ensemble', tuning)),
  }));
  console.table(
    tuned.map((each) => ({
      'k₀': each.deliveryHistoryWeight,
      T: each.ensembleTemperature,
      'headroom won: loss': round(each.loss),
      'of retrieval': round(each.retrieval),
      'dominated: loss': percent(each.dominated.loss / bestWeak.loss - 1),
      'dominated: retrieval': percent(each.dominated.retrieval / bestWeak.retrieval - 1),
    })),
  );

  const chosen = deliveries.indexOf(defaultDelivery);
  const share = shareOf(withFriends[chosen]!);
  const dominatedRow = weakRows[chosen]!;
  const bars = [
    {
      text: `market with friends, ${defaultDelivery}: ${percent(share.loss)} of the headroom in loss, at least ${percent(barLoss)}`,
      isMet: share.loss >= barLoss,
    },
    {
      text: `${percent(share.retrieval)} of the headroom in retrieval, at least ${percent(barRetrieval)}`,
      isMet: share.retrieval >= barRetrieval,
    },
    {
      text: `one expert dominates: loss ${percent(dominatedRow.loss / bestWeak.loss - 1)}, retrieval ${percent(dominatedRow.retrieval / bestWeak.retrieval - 1)} against it, within ${percent(barDominated)}`,
      isMet:
        dominatedRow.loss <= (1 + barDominated) * bestWeak.loss &&
        dominatedRow.retrieval >= (1 - barDominated) * bestWeak.retrieval,
    },
  ];
  for (const { text, isMet } of bars) console.log(`${isMet ? 'met   ' : 'MISSED'}  ${text}`);
  const plain = ({ name, loss, retrieval, encodesPerJob }: Row) => ({ name, loss, retrieval, encodesPerJob });
  return {
    rows: rows.map(plain),
    lossHeadroomShare: share.loss,
    headroomShare: share.retrieval,
    headroomShareByDelivery: Object.fromEntries(
      deliveries.map((delivery, index) => [delivery, shareOf(withFriends[index]!)]),
    ),
    bestSingleByRetrieval: plain(bestRetriever),
    dominated: { best: plain(bestWeak), market: weakRows.map(plain) },
    tuned: tuned.map(({ dominated: alike, ...each }) => ({ ...each, dominated: plain(alike) })),
    bars,
  };
}

function bestOf(rows: readonly Row[]): Row {
  return rows.reduce((best, row) => (row.loss < best.loss ? row : best));
}

/** For every kind the expert of the lowest loss there, and what it retrieves. */
function oracleOf(single: readonly Row[]): Row {
  const chosen = single[0]!.lossByKind.map((_, kind) =>
    single.reduce((best, row) => (row.lossByKind[kind]! < best.lossByKind[kind]! ? row : best)),
  );
  return {
    name: '(e) oracle per kind',
    encodesPerJob: 1,
    ...means(
      chosen.map((row, kind) => row.lossByKind[kind]!),
      chosen.map((row, kind) => row.retrievalByKind[kind]!),
    ),
  };
}

function printKinds(kinds: readonly string[], rows: readonly Row[]): void {
  console.log('By kind, loss / retrieval:');
  console.table(
    Object.fromEntries(
      rows.map((row) => [
        row.name,
        Object.fromEntries(
          kinds.map((kind, index) => [
            kind,
            `${row.lossByKind[index]!.toFixed(3)} / ${row.retrievalByKind[index]!.toFixed(3)}`,
          ]),
        ),
      ]),
    ),
  );
}

function documentsIn(texts: readonly { readonly documentId: string }[]): number {
  return new Set(texts.map(({ documentId }) => documentId)).size;
}

const round = (value: number): number => Number(value.toFixed(3));
const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
