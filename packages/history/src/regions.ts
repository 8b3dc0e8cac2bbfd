import type { Amount, Hash, NodeId } from '@market-of-experts/core';
import type { JobParameters, MoneyParameters } from '@market-of-experts/protocol';
import type { History } from './history.ts';
import { jobNoise } from './job-noise.ts';
import { PlaceReplay } from './place-replay.ts';
import type { HistoryRecord } from './records/record.ts';

export interface RegionsOptions {
  readonly nowMs: number;
  readonly parameters: Pick<JobParameters, 'shardSize' | 'historyWeight' | 'placeShrinkage'> &
    Pick<MoneyParameters, 'feeBps'>;
  /** Demand and fees are those of this long; default 24 hours, or as long as the history is when that is less. */
  readonly windowMs?: number;
  /** Paid experts that the newcomer would share the draws with, itself among them; default: the workers seen and one more. */
  readonly experts?: number;
  /** Places with fewer records are left out; default 8. */
  readonly minimumJobs?: number;
  /** Mean loss, at every place, of the expert for whom rows are sorted; default: the market's mean. */
  readonly expertLoss?: number;
}

/** The expert with the lowest mean loss at a place, shrunk to the place's mean so that luck does not count. */
export interface BestAtPlace {
  readonly worker: NodeId;
  readonly jobs: number;
  readonly meanLoss: number;
}

/** One cell of the market's partition as an expert who looks for work sees it. */
export interface Region {
  readonly place: number;
  readonly jobs: number;
  /** Recent demand. */
  readonly jobsPerHour: number;
  /** Fees of all jobs that are kept. */
  readonly feesMicro: Amount;
  readonly meanFeeMicro: number;
  readonly distinctWinners: number;
  /** Σ of the squared shares of wins (Herfindahl): 1 when one expert wins everything. */
  readonly winConcentration: number;
  /** 1 / concentration: as many equally strong winners would look the same. 0 when nobody won. */
  readonly effectiveWinners: number;
  /** Mean, over jobs with a winner, of the lowest loss among the others minus the winner's; may be negative. */
  readonly losingMargin: number;
  readonly meanLoss: number;
  readonly best: BestAtPlace | null;
  /** The job whose datum is nearest to the middle of the region. */
  readonly representative: Hash;
  /** {@link Region.expectedEarnings} of an expert with `expertLoss`, micro-credits. */
  readonly earningsMicro: number;
  /** What an expert of that mean loss here would earn here in 1,000 jobs of the market; see {@link regions}. */
  expectedEarnings(lossOfExpert: number): number;
}

const defaultMinimumJobs = 8;
const dayMs = 24 * 3_600_000;
const hourMs = 3_600_000;

/**
 * The places of the history, the most lucrative first. What an expert of mean loss L earns at a place in 1,000 jobs
 * of the whole market is
 *
 * `1000 · D · S · P(L) · F`, with
 * D: the place's share of recent jobs; S: the share of shards that it is drawn for, `min(1, shardSize/experts)` at
 * equal stakes; F: the place's mean fee less the market's cut; P(L): its probability to win there, found by playing the
 * last 256 jobs of the place again with the newcomer in the seat of each member in turn. In job r it has the loss
 * `L + (m_r − m) + σ·z`, with m_r the mean loss of that job, m that of the place, σ the market's {@link jobNoise} of an
 * excess and z standard normal; the others have the losses that they had. The winner's rule compares
 * `k₀·E + loss`, E being a member's mean excess at the place shrunk by `placeShrinkage` jobs to 0; the newcomer's is
 * `E = (L − m)·n/(n + placeShrinkage)`, as if it had as many jobs there as the others have on average (n). So
 * `P(L) = mean over r and seats of Φ((min_others(k₀·E + loss) − k₀·E_new − L − (m_r − m)) / σ)`.
 *
 * It does not foresee that others leave, come, or call the newcomer as a friend. Pure; reads every record once.
 */
export function regions(history: History, options: RegionsOptions): Region[] {
  const { nowMs, parameters } = options;
  const byPlace = Map.groupBy(history.records(), ({ place }) => place);
  let firstMs = nowMs;
  for (const records of byPlace.values()) for (const { atMs } of records) firstMs = Math.min(firstMs, atMs);
  const windowMs = Math.max(1, Math.min(options.windowMs ?? dayMs, nowMs - firstMs));
  const isRecent = ({ atMs }: HistoryRecord): boolean => atMs >= nowMs - windowMs;
  let recentJobs = 0;
  for (const records of byPlace.values()) recentJobs += records.filter(isRecent).length;
  const experts = options.experts ?? history.workers().length + 1;
  const all = history.tallyOfAll();
  const expertLoss = options.expertLoss ?? all.lossUnits / Math.max(1, all.jobs) / history.unitsPerJob;
  const noise = jobNoise(history).excess;
  const drawShare = Math.min(1, parameters.shardSize / experts);

  return [...byPlace]
    .filter(([, records]) => records.length >= (options.minimumJobs ?? defaultMinimumJobs))
    .map(([place, records]) => {
      const recent = records.filter(isRecent).length;
      const feesMicro = records.reduce((sum, { feeMicro }) => sum + feeMicro, 0n);
      const meanFeeMicro = Number(feesMicro) / records.length;
      const replay = new PlaceReplay(records, { unitsPerJob: history.unitsPerJob, noise, parameters });
      const scale =
        1_000 *
        (recent / Math.max(1, recentJobs)) *
        drawShare *
        meanFeeMicro *
        (1 - parameters.feeBps / 10_000);
      const expectedEarnings = (loss: number): number => scale * replay.winShare(loss);
      return {
        place,
        jobs: records.length,
        jobsPerHour: recent / (windowMs / hourMs),
        feesMicro,
        meanFeeMicro,
        ...competition(records, history.unitsPerJob),
        meanLoss: replay.meanLoss,
        best: bestOf(replay),
        representative: mostCentral(records),
        earningsMicro: expectedEarnings(expertLoss),
        expectedEarnings,
      };
    })
    .sort((a, b) => b.earningsMicro - a.earningsMicro || b.jobs - a.jobs || a.place - b.place);
}

function bestOf({ rows }: PlaceReplay): BestAtPlace | null {
  let best: BestAtPlace | null = null;
  for (const [worker, { jobs, loss }] of rows)
    if (best === null || loss < best.meanLoss) best = { worker, jobs, meanLoss: loss };
  return best;
}

function competition(
  records: readonly HistoryRecord[],
  unitsPerJob: number,
): Pick<Region, 'distinctWinners' | 'winConcentration' | 'effectiveWinners' | 'losingMargin'> {
  const wins = new Map<NodeId, number>();
  let won = 0;
  let margins = 0;
  let contested = 0;
  for (const { outcomes } of records) {
    const winner = outcomes.find((outcome) => outcome.won);
    if (winner === undefined) continue;
    won += 1;
    wins.set(winner.worker, (wins.get(winner.worker) ?? 0) + 1);
    const others = outcomes.filter((outcome) => !outcome.won).map(({ lossUnits }) => lossUnits);
    if (others.length === 0) continue;
    margins += (Math.min(...others) - winner.lossUnits) / unitsPerJob;
    contested += 1;
  }
  const winConcentration = [...wins.values()].reduce((sum, count) => sum + (count / won) ** 2, 0);
  return {
    distinctWinners: wins.size,
    winConcentration,
    effectiveWinners: winConcentration === 0 ? 0 : 1 / winConcentration,
    losingMargin: margins / Math.max(1, contested),
  };
}

function mostCentral(records: readonly HistoryRecord[]): Hash {
  const sum = new Float64Array(records[0]!.vector.length);
  for (const { vector } of records)
    for (let axis = 0; axis < sum.length; axis += 1) sum[axis]! += vector[axis]!;
  let best = { order: records[0]!.order, product: Number.NEGATIVE_INFINITY };
  for (const { order, vector } of records) {
    let product = 0;
    for (let axis = 0; axis < sum.length; axis += 1) product += sum[axis]! * vector[axis]!;
    if (product > best.product || (product === best.product && order < best.order)) best = { order, product };
  }
  return best.order;
}
