import {
  drawCalibration,
  type MarketParameters,
  mixVectors,
  quantise,
  type ScoredMember,
  scoreMembers,
  toNumber,
} from '@market-of-experts/protocol';
import type { RoutedText, TextSet } from './text-set.ts';
import type { VectorStore } from './vector-store.ts';

/** Share of each expert in what is delivered, by the expert's number; they add up to 1. */
export type Mix = ReadonlyMap<number, number>;

/**
 * One ruler for every way of delivering. The loss with which an expert won a job is lower than its mean (it was chosen
 * by it), and in other shards others judge. So what is delivered is judged afresh: on another cut of the same text,
 * by all the judges who have no part in it.
 */
export interface Yardstick {
  /** Market loss of what is delivered; undefined when the judges do not agree with one another. */
  lossOf(text: RoutedText, mix: Mix): number | undefined;
}

export interface YardstickInit {
  readonly set: TextSet;
  readonly store: VectorStore;
  /** Numbers of the experts that judge. */
  readonly judges: readonly number[];
  readonly parameters: MarketParameters;
}

export function yardstick({ set, store, judges, parameters }: YardstickInit): Yardstick {
  const calibration = new Map(
    judges.map((judge) => [judge, set.calibration.map(({ text }) => quantise(store.vectorOf(judge, text)))]),
  );
  const judgeOf = (judge: number, { whole, again }: RoutedText): ScoredMember => ({
    kept: quantise(store.vectorOf(judge, again.kept)),
    pieces: again.pieces.map((piece) => quantise(store.vectorOf(judge, piece))),
    full: quantise(store.vectorOf(judge, whole)),
    calibration: (index) => calibration.get(judge)![index]!,
    isJudge: true,
  });
  /** Losses of the judges themselves, each judged by the others. */
  const alone = new Map<RoutedText, readonly number[] | undefined>();
  const lossesOf = (text: RoutedText): readonly number[] | undefined => {
    if (!alone.has(text)) {
      const members = judges.map((judge) => judgeOf(judge, text));
      alone.set(text, losses(members, text));
    }
    return alone.get(text);
  };
  const losses = (members: readonly ScoredMember[], text: RoutedText): number[] | undefined => {
    const drawn = drawCalibration(
      `yardstick/${text.whole}`,
      set.calibration.length,
      parameters.distractorPool,
      (index) => set.calibration[index]!.document === text.documentId,
    );
    return scoreMembers(members, drawn, parameters.distractors)?.map(({ losses: [loss] }) => toNumber(loss!));
  };
  return {
    lossOf(text, mix) {
      const parts = [...mix.keys()];
      if (parts.length === 1 && judges.includes(parts[0]!))
        return lossesOf(text)?.[judges.indexOf(parts[0]!)];
      const mixed = (part: string): Int16Array =>
        quantise(
          mixVectors(
            parts.map((expert) => store.vectorOf(expert, part)),
            parts.map((expert) => mix.get(expert)!),
          ),
        );
      const others = judges.filter((judge) => !mix.has(judge)).map((judge) => judgeOf(judge, text));
      const delivered: ScoredMember = {
        kept: mixed(text.again.kept),
        pieces: text.again.pieces.map(mixed),
        full: mixed(text.whole),
        calibration: others[0]!.calibration,
        isJudge: false,
      };
      return losses([...others, delivered], text)?.at(-1);
    },
  };
}
