import {
  drawCalibration,
  type MarketParameters,
  mixVectors,
  quantise,
  type ScoredMember,
  scoreMembers,
  toNumber,
} from '@moe/protocol';
import type { EvaluationJob } from '../scoring/evaluation-set.ts';
import type { TextSet } from './text-set.ts';

/** Share of each expert in what is delivered, by the expert's place; they add up to 1. */
export type Mix = ReadonlyMap<number, number>;

/**
 * One ruler for every way of delivering. Which expert won a job says little of its loss in that job (it was chosen
 * by it), and losses in different shards have different judges. So what is delivered is judged afresh: on another
 * cut of the same text, by everybody who has no part in it.
 */
export interface Yardstick {
  /** Market loss of every expert alone, judged by all others; undefined when the judges do not agree. */
  losses(job: EvaluationJob): readonly number[] | undefined;
  /** Market loss of a mixture of experts. Of an expert alone: what {@link losses} gives. */
  lossOf(job: EvaluationJob, mix: Mix): number | undefined;
}

export function yardstick(
  set: TextSet,
  vectors: readonly (readonly Float32Array[])[],
  parameters: MarketParameters,
): Yardstick {
  const calibration = vectors.map((ofExpert) => set.calibration.map(({ text }) => quantise(ofExpert[text]!)));
  const known = new Map<EvaluationJob, readonly number[] | undefined>();
  const member = (expert: number, job: EvaluationJob, isJudge: boolean): ScoredMember => ({
    kept: quantise(vectors[expert]![job.kept]!),
    pieces: job.pieces.map((text) => quantise(vectors[expert]![text]!)),
    full: quantise(vectors[expert]![job.full]!),
    calibration: (index) => calibration[expert]![index]!,
    isJudge,
  });
  const drawnFor = (job: EvaluationJob): number[] =>
    drawCalibration(
      `yardstick/${job.full}`,
      set.calibration.length,
      parameters.distractorPool,
      (index) => set.calibration[index]!.document === job.documentId,
    );
  const losses = (job: EvaluationJob): readonly number[] | undefined => {
    if (!known.has(job)) {
      const members = vectors.map((_, expert) => member(expert, job, true));
      known.set(
        job,
        scoreMembers(members, drawnFor(job), parameters.distractors)?.map(({ loss }) => toNumber(loss)),
      );
    }
    return known.get(job);
  };
  const lossOf = (job: EvaluationJob, mix: Mix): number | undefined => {
    const [first] = mix.keys();
    if (mix.size === 1) return losses(job)?.[first!];
    const parts = [...mix.keys()];
    const mixed = (text: number): Int16Array =>
      quantise(
        mixVectors(
          parts.map((expert) => vectors[expert]![text]!),
          parts.map((expert) => mix.get(expert)!),
        ),
      );
    const judges = vectors.flatMap((_, expert) => (mix.has(expert) ? [] : [member(expert, job, true)]));
    const delivered: ScoredMember = {
      kept: mixed(job.kept),
      pieces: job.pieces.map(mixed),
      full: mixed(job.full),
      calibration: () => judges[0]!.calibration(0),
      isJudge: false,
    };
    const score = scoreMembers([...judges, delivered], drawnFor(job), parameters.distractors)?.at(-1);
    return score === undefined ? undefined : toNumber(score.loss);
  };
  return { losses, lossOf };
}
