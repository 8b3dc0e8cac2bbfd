import {
  drawCalibration,
  drawDistinct,
  drawStream,
  type MarketParameters,
  quantise,
  type ScoredMember,
  scoreMembers,
  toNumber,
} from '@market-of-experts/protocol';
import type { Encoder } from './encoders.ts';
import type { EvaluationJob, EvaluationSet } from './evaluation-set.ts';

/** int16 vectors of an encoder's texts: what it commits to and publishes. */
export type QuantisedEncoder = readonly Int16Array[];

export function quantiseEncoder({ vectors }: Encoder): QuantisedEncoder {
  return vectors.map(quantise);
}

export function memberOf(
  set: EvaluationSet,
  encoder: QuantisedEncoder,
  job: EvaluationJob,
  isJudge: boolean,
): ScoredMember {
  return {
    kept: encoder[job.kept]!,
    pieces: job.pieces.map((text) => encoder[text]!),
    full: encoder[job.full]!,
    calibration: (index) => encoder[set.calibration[index]!.text]!,
    isJudge,
  };
}

export interface PanelInit {
  readonly set: EvaluationSet;
  readonly encoders: readonly QuantisedEncoder[];
  readonly parameters: MarketParameters;
  /** Members of a panel; the number of encoders for one panel of all. */
  readonly size: number;
  readonly repeats: number;
  /** Sits in on one panel of each paragraph without judging, if given. */
  readonly guest?: { readonly of: number; readonly seat: (job: EvaluationJob) => ScoredMember };
  readonly onProgress: (panels: number) => void;
}

export interface PanelLosses {
  /** Mean market loss of each encoder. */
  readonly losses: readonly number[];
  /** Share of its jobs in which an encoder's whole vector was an outlier. */
  readonly outliers: readonly number[];
  readonly guestLoss: number | undefined;
  readonly lossesByKind: ReadonlyMap<string, readonly number[]>;
}

export function panelsPerRun(set: EvaluationSet, encoders: number, size: number, repeats: number): number {
  return set.jobs.length * repeats * Math.ceil(encoders / size);
}

/**
 * The market's own scoring with everybody judging everybody: for each paragraph and repeat the encoders are shuffled
 * and cut into panels, the last one filled up by chance, so that all meet the same paragraphs.
 */
export function panelLosses(init: PanelInit): PanelLosses {
  const { set, encoders, parameters, size, repeats, guest, onProgress } = init;
  const sums = encoders.map(() => ({ loss: 0, outliers: 0, jobs: 0 }));
  const byKind = new Map<string, { loss: number; jobs: number }[]>();
  let guestSum = 0;
  let guestJobs = 0;
  for (const [paragraph, job] of set.jobs.entries()) {
    const kind = byKind.get(job.kind) ?? encoders.map(() => ({ loss: 0, jobs: 0 }));
    byKind.set(job.kind, kind);
    const isSameDocument = (index: number): boolean => set.calibration[index]!.document === job.documentId;
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      const panels = cutIntoPanels(`${paragraph}/${repeat}/${size}`, encoders.length, size);
      let guestIsSeated = guest === undefined;
      for (const [number, panel] of panels.entries()) {
        const members = panel.map((encoder) => memberOf(set, encoders[encoder]!, job, true));
        // The guest takes the place of the encoder that it is made of: that one does not judge it.
        const seatsGuest = !guestIsSeated && !panel.includes(guest!.of);
        if (seatsGuest) members.push(guest!.seat(job));
        const drawn = drawCalibration(
          `${paragraph}/${repeat}/${number}`,
          set.calibration.length,
          parameters.distractorPool,
          isSameDocument,
        );
        const scores = scoreMembers(members, drawn, parameters.distractors);
        // The rare panel in which judges are against one another scores nobody, as in the market.
        if (scores === undefined) continue;
        for (const [seat, encoder] of panel.entries()) {
          const loss = toNumber(scores[seat]!.losses[0]!);
          sums[encoder]!.loss += loss;
          sums[encoder]!.jobs += 1;
          sums[encoder]!.outliers += scores[seat]!.isOutlier ? 1 : 0;
          kind[encoder]!.loss += loss;
          kind[encoder]!.jobs += 1;
        }
        if (seatsGuest) {
          guestSum += toNumber(scores.at(-1)!.losses[0]!);
          guestJobs += 1;
          guestIsSeated = true;
        }
        onProgress(1);
      }
    }
  }
  return {
    losses: sums.map(({ loss, jobs }) => loss / jobs),
    outliers: sums.map(({ outliers, jobs }) => outliers / jobs),
    guestLoss: guestJobs === 0 ? undefined : guestSum / guestJobs,
    lossesByKind: new Map(
      [...byKind].map(([kind, rows]) => [kind, rows.map(({ loss, jobs }) => loss / jobs)]),
    ),
  };
}

function cutIntoPanels(seed: string, encoders: number, size: number): number[][] {
  const stream = drawStream(seed, 'panels');
  const order = [...drawDistinct(stream, encoders, encoders)];
  const panels: number[][] = [];
  for (let start = 0; start < encoders; start += size) {
    const panel = order.slice(start, start + size);
    const others = order.filter((encoder) => !panel.includes(encoder));
    const fill = drawDistinct(stream, others.length, size - panel.length);
    panels.push([...panel, ...[...fill].map((index) => others[index]!)]);
  }
  return panels;
}
