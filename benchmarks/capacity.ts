/** Does a market of many small experts keep getting better with their number, each of one size? */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { defaultParameters, embeddedParameters } from '@market-of-experts/protocol';
import { thompsonPolicy, workAlways } from '@market-of-experts/roles/calling/policy';
import { textKinds } from '@market-of-experts/training';
import { trainBoundedExperts } from './routing/bounded-experts.ts';
import { type CapacityRow, capacityChart } from './routing/capacity-chart.ts';
import { planMarket, runMarket, textsOf } from './routing/market-run.ts';
import { type Delivered, meanLoss } from './routing/measure.ts';
import { dot } from './routing/retrieval.ts';
import { catalogueExperts, residualExpert } from './routing/routed-experts.ts';
import { loadTextSet } from './routing/text-set.ts';
import { vectorStore } from './routing/vector-store.ts';
import { yardstick } from './routing/yardstick.ts';
import { optionOf } from './scoring/options.ts';
import { progressBar } from './scoring/progress.ts';

/** They judge what is delivered, and are not in the market: the same ruler for any number of experts. */
const judgeNames = ['minilm-l6', 'minilm-l1', 'static'];
const mostLevels = 6;
/** Few experts are served by several nodes each, so that there are shards and friends outside of them. */
const leastNodes = 8;

export async function run({ args }: { json: boolean; args: readonly string[] }): Promise<unknown> {
  const counts = (optionOf(args, '--experts') ?? '1,2,4,8,16,32,64').split(',').map(Number);
  const wanted = Array.from({ length: mostLevels + 1 }, (_, level) => level).filter((level) =>
    counts.includes(2 ** level),
  );
  // Nothing is trained on the novel.
  const kinds = textKinds.filter((kind) => kind !== 'novel');
  const set = loadTextSet({
    kinds,
    perKind: Number(optionOf(args, '--per-kind') ?? 80),
    calibrationPieces: Number(optionOf(args, '--calibration') ?? 1_024),
  });
  const parameters = embeddedParameters;
  const plan = planMarket({
    set,
    parameters,
    seed: 'capacity/1',
    rounds: Number(optionOf(args, '--rounds') ?? 3),
    parts: ['whole'],
  });
  const bounded = await trainBoundedExperts(kinds, mostLevels, Math.max(0, ...wanted));
  const judges = catalogueExperts(judgeNames);
  const specialists = bounded.levels.map((matrices, level) =>
    matrices.map(({ matrix }, index) => residualExpert(`${2 ** level}-${index}`, matrix)),
  );
  const experts = [...judges, residualExpert('single', bounded.single), ...specialists.flat()];
  const store = await vectorStore(experts, textsOf(set, plan));
  const ruler = yardstick({
    set,
    store,
    judges: judges.map((_, judge) => judge),
    parameters: defaultParameters,
  });
  const lossOf = (delivered: Delivered): number => meanLoss(set, ruler, delivered);
  const single = judges.length;
  const base = lossOf(() => new Map([[0, 1]]));
  const singleLoss = lossOf(() => new Map([[single, 1]]));
  console.log(
    `${set.measured.length} measured texts of ${kinds.length} kinds, history: ${plan.history.length} jobs on other documents, ` +
      `experts trained on ${bounded.trainingTexts} texts. The base model alone: ${round(base)}; its best single adapter: ${round(singleLoss)}.`,
  );

  /** Beside them: everything served by the expert in whose training texts' middle it lies, as who knew all of them would. */
  const rows: (CapacityRow & { readonly nearestDomainLoss: number; readonly calledShare: number })[] = [];
  const markets = wanted.filter((level) => level > 0).length;
  const tick = progressBar('jobs', 2 * markets * (plan.history.length + plan.measured.length));
  for (const level of wanted) {
    if (level === 0) {
      // One expert is no market: it serves everything.
      rows.push({
        experts: 1,
        marketLoss: singleLoss,
        singleLoss,
        randomShardLoss: singleLoss,
        nearestDomainLoss: singleLoss,
        calledShare: 0,
      });
      continue;
    }
    const first = single + 2 ** level;
    const own = Array.from({ length: 2 ** level }, (_, index) => first + index);
    const nodes = Array.from(
      { length: Math.max(leastNodes, own.length) },
      (_, node) => own[node % own.length]!,
    );
    const market = async (policy: typeof thompsonPolicy) =>
      await runMarket({ set, store, experts: nodes, plan, policy, onJob: () => tick(1) });
    const friends = await market(thompsonPolicy);
    const shards = await market(workAlways);
    rows.push({
      experts: own.length,
      marketLoss: lossOf(friends.delivered('winner')),
      singleLoss,
      randomShardLoss: lossOf(shards.delivered('winner')),
      nearestDomainLoss: lossOf((text) => {
        const vector = store.vectorOf(0, set.measured[text]!.whole);
        const nearness = bounded.levels[level]!.map(({ centre }) => dot(centre, vector));
        return new Map([[own[nearness.indexOf(Math.max(...nearness))]!, 1]]);
      }),
      calledShare: friends.calledShare,
    });
  }
  console.table(
    rows.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, round(value)]))),
  );
  const chart = optionOf(args, '--chart');
  if (chart !== undefined) {
    mkdirSync(dirname(chart), { recursive: true });
    writeFileSync(chart, capacityChart(rows));
  }
  return {
    rows: rows.map(({ experts: count, marketLoss, randomShardLoss, nearestDomainLoss }) => ({
      experts: count,
      marketLoss,
      singleLoss,
      randomShardLoss,
      nearestDomainLoss,
    })),
    baseLoss: base,
  };
}

const round = (value: number): number => Number(value.toFixed(4));
