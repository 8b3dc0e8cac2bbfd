import { type Hash, type NodeId, sha256 } from '@market-of-experts/core';
import {
  fitPlaces,
  type History,
  type HistoryRecord,
  jobNoise,
  memoryHistory,
  posterior,
} from '@market-of-experts/history';
import {
  defaultParameters,
  drawCalibration,
  drawDistinct,
  drawStream,
  excessUnits,
  lossUnitsPerJob,
  meanDirection,
  nearestPlace,
  scoreMembers,
  toNumber,
} from '@market-of-experts/protocol';
import { openEncoders } from '../scoring/encoders.ts';
import { loadEvaluationSet } from '../scoring/evaluation-set.ts';
import { memberOf, quantiseEncoder } from '../scoring/panel-loss.ts';
import { progressBar } from '../scoring/progress.ts';

export interface PosteriorQuality {
  readonly name: string;
  /** Root mean square of (excess − predicted), and the share of the variance that the prediction explains. */
  readonly rmse: number;
  readonly explained: number;
  /** Mean of (excess − predicted)² / (sd² + noise²): 1 when the stated uncertainty is right. */
  readonly calibration: number | undefined;
  /** Mean loss of the member with the lowest prediction in each job. */
  readonly chosenLoss: number;
}

const paragraphs = 1_100;
const shardsPerParagraph = 4;
const members = 5;
const units = lossUnitsPerJob(defaultParameters);
const grid = [32, 64, 128].flatMap((neighbours) =>
  [0.1, 0.25, 0.5].flatMap((bandwidth) =>
    [4, 16].map((localShrinkage) => ({ neighbours, bandwidth, localShrinkage })),
  ),
);

/**
 * How well the posterior foretells losses that it has not seen: real experts and variants in random shards of five on
 * real texts; every fifth document is kept out of the history and predicted.
 */
export async function posteriorQuality(): Promise<readonly PosteriorQuality[]> {
  const { known, asked } = await realJobs();
  const history = memoryHistory({ dimensions: 384, unitsPerJob: units, maxRecords: known.length });
  for (const record of known) history.append(record);
  const noise = jobNoise(history).excess;
  const zero = qualityOf(
    'no prediction',
    asked,
    ({ outcomes }) => outcomes.map(() => ({ mean: 0, sd: undefined })),
    noise,
  );
  const globally = qualityOf(
    'global record only',
    asked,
    (record) => workersOf(record).map((worker) => ({ mean: globalExcess(history, worker), sd: undefined })),
    noise,
  );
  const byPlace = qualityOf('place (64 cells), shrunk', asked, placePrediction(history), noise);
  const oracle = asked.reduce((sum, { outcomes }) => sum + Math.min(...lossesOf(outcomes)), 0) / asked.length;
  const rows = grid.map((settings) =>
    qualityOf(
      `k ${settings.neighbours}, bandwidth ${settings.bandwidth}, κ ${settings.localShrinkage}`,
      asked,
      (record) =>
        posterior(history, record.vector, workersOf(record), { nowMs: record.atMs, ...settings }).map(
          ({ excess }) => excess,
        ),
      noise,
    ),
  );
  history.close();
  return [
    zero,
    globally,
    byPlace,
    ...rows,
    {
      name: 'best of the five, in hindsight',
      rmse: 0,
      explained: 1,
      calibration: undefined,
      chosenLoss: round(oracle),
    },
  ];
}

const lossesOf = (outcomes: HistoryRecord['outcomes']): number[] =>
  outcomes.map(({ lossUnits }) => lossUnits / units);

interface Predicted {
  readonly mean: number;
  readonly sd: number | undefined;
}

/** The excess of each of the record's workers, in the order of its outcomes. */
type Prediction = (record: HistoryRecord) => readonly Predicted[];

const workersOf = ({ outcomes }: HistoryRecord): NodeId[] => outcomes.map(({ worker }) => worker);

function placePrediction(history: History): Prediction {
  const rows = new Map<string, { jobs: number; excess: number }>();
  for (const { place, outcomes } of history.records())
    for (const { worker, excessUnits: excess } of outcomes) {
      const key = `${worker}/${place}`;
      const row = rows.get(key) ?? { jobs: 0, excess: 0 };
      rows.set(key, { jobs: row.jobs + 1, excess: row.excess + excess / units });
    }
  return (record) =>
    workersOf(record).map((worker) => {
      const row = rows.get(`${worker}/${record.place}`) ?? { jobs: 0, excess: 0 };
      return { mean: (16 * globalExcess(history, worker) + row.excess) / (16 + row.jobs), sd: undefined };
    });
}

function globalExcess(history: History, worker: NodeId): number {
  const { jobs, excessSteps } = history.tallyOf(worker);
  return excessSteps / 256 / units / (jobs + 4);
}

function qualityOf(
  name: string,
  asked: readonly HistoryRecord[],
  predict: Prediction,
  noise: number,
): PosteriorQuality {
  let squares = 0;
  let total = 0;
  let scaled = 0;
  let count = 0;
  let chosen = 0;
  let hasSd = true;
  for (const record of asked) {
    let best = { mean: Number.POSITIVE_INFINITY, loss: 0 };
    const predicted = predict(record);
    for (const [index, { excessUnits: excess, lossUnits }] of record.outcomes.entries()) {
      const { mean, sd } = predicted[index]!;
      const error = excess / units - mean;
      squares += error ** 2;
      total += (excess / units) ** 2;
      scaled += error ** 2 / ((sd ?? 0) ** 2 + noise ** 2);
      hasSd = hasSd && sd !== undefined;
      count += 1;
      if (mean < best.mean) best = { mean, loss: lossUnits / units };
    }
    chosen += best.loss;
  }
  return {
    name,
    rmse: round(Math.sqrt(squares / count)),
    explained: round(1 - squares / total),
    calibration: hasSd ? round(scaled / count) : undefined,
    chosenLoss: round(chosen / asked.length),
  };
}

/** Jobs scored by the market's own loss, as their certificates would tell them. */
async function realJobs(): Promise<{
  readonly known: readonly HistoryRecord[];
  readonly asked: readonly HistoryRecord[];
}> {
  const set = loadEvaluationSet(paragraphs, 2_048);
  const encoders = (await openEncoders({ set, dataDir: undefined, withVariants: true })).filter(
    ({ name }) => !['zero', 'constant', 'random', 'centre'].includes(name),
  );
  const quantised = encoders.map(quantiseEncoder);
  const places = fitPlaces(
    set.calibration.map(({ text }) => quantised[0]![text]!),
    defaultParameters.places,
  );
  const documents = [...new Set(set.jobs.map(({ documentId }) => documentId))];
  const heldOut = new Set(documents.filter((_, index) => index % 5 === 4));
  const known: HistoryRecord[] = [];
  const asked: HistoryRecord[] = [];
  const tick = progressBar('scoring jobs', set.jobs.length);
  for (const [paragraph, job] of set.jobs.entries()) {
    for (let shard = 0; shard < shardsPerParagraph; shard += 1) {
      const seed = `history/${paragraph}/${shard}`;
      const seats = [...drawDistinct(drawStream(seed, 'seats'), encoders.length, members)];
      const drawn = drawCalibration(
        seed,
        set.calibration.length,
        defaultParameters.distractorPool,
        (index) => set.calibration[index]!.document === job.documentId,
      );
      const scores = scoreMembers(
        seats.map((seat) => memberOf(set, quantised[seat]!, job, true)),
        drawn,
        defaultParameters.distractors,
      );
      if (scores === undefined) continue;
      const lossUnits = scores.map(({ losses: [loss] }) => Math.round(toNumber(loss!) * units));
      const sum = meanDirection(seats.map((seat) => quantised[seat]![job.kept]!));
      const best = lossUnits.indexOf(Math.min(...lossUnits));
      const nodes = seats.map((seat) => idOf(encoders[seat]!.name) as NodeId);
      (heldOut.has(job.documentId) ? asked : known).push({
        order: idOf(seed) as Hash,
        atMs: 1_000 * (known.length + asked.length),
        place: nearestPlace(places, sum),
        vector: Int8Array.from(sum, (value) => Math.round((127 * value) / 32_767)),
        feeMicro: 1_000n,
        winner: nodes[best]!,
        outcomes: nodes.map((node, seat) => ({
          principal: node,
          worker: node,
          lossUnits: lossUnits[seat]!,
          excessUnits: excessUnits(
            lossUnits[seat]!,
            lossUnits.filter((_, other) => other !== seat),
          ),
          won: seat === best,
          latencyMs: 0,
        })),
      });
    }
    tick(1);
  }
  return { known, asked };
}

function idOf(name: string): string {
  return Buffer.from(sha256(Buffer.from(`bench/history/${name}`))).toString('hex');
}

function round(value: number): number {
  return Number(value.toFixed(4));
}
