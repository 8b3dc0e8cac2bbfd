import { type Hash, hashOf, MoeError } from '@market-of-experts/core';
import { maskText } from '@market-of-experts/protocol';
import { readCorpus, type TextKind } from '../corpora/corpus.ts';
import { type Split, splitOf } from '../corpora/split.ts';
import type { SpecialistDomain } from './domain.ts';

/** Hidden pieces of a training text: as many as a job mostly makes of such texts. */
export const piecesPerText = 2;

/** A text cut as a job cuts it. */
export interface MaskedTrainingText {
  readonly kept: string;
  readonly pieces: readonly string[];
}

export interface TrainingTexts {
  readonly train: readonly MaskedTrainingText[];
  /** From other documents; never trained on. */
  readonly heldOut: readonly MaskedTrainingText[];
}

export interface TextLimits {
  /** Most texts of the domain's own kind. */
  readonly train: number;
  /** Most texts of each related kind. */
  readonly kin: number;
  readonly heldOut: number;
}

/** Texts of a domain for training and for testing, spread evenly over its documents. */
export function trainingTexts(
  { kind, kin }: Pick<SpecialistDomain, 'kind' | 'kin'>,
  limits: TextLimits,
): TrainingTexts {
  const corpus = readCorpus().filter((text) => text.kind === kind || kin.includes(text.kind));
  const masked = (of: TextKind, split: Split, limit: number): MaskedTrainingText[] => {
    const all = corpus.filter((text) => text.kind === of && splitOf(text) === split);
    const count = Math.min(limit, all.length);
    return Array.from(
      { length: count },
      (_, index) => all[Math.floor((index * all.length) / count)]!,
    ).flatMap(({ text }) => maskTrainingText(text) ?? []);
  };
  const result = {
    train: [
      ...masked(kind, 'train', limits.train),
      ...kin.flatMap((each) => masked(each, 'train', limits.kin)),
    ],
    heldOut: masked(kind, 'held-out', limits.heldOut),
  };
  if (result.train.length < 2)
    throw new MoeError('corpus-invalid', `There are no texts of the kind "${kind}" to train on.`);
  return result;
}

/** Undefined when the text is too short. All have the same number of pieces, each about half of what is hidden. */
function maskTrainingText(text: string): MaskedTrainingText | undefined {
  const masked = maskText(text, text, { minimumWords: 12, pieces: 2 * piecesPerText, pieceWords: 1 });
  if (masked?.pieces.length !== 2 * piecesPerText) return undefined;
  const pieces = Array.from(
    { length: piecesPerText },
    (_, piece) => `${masked.pieces[2 * piece]} ${masked.pieces[2 * piece + 1]}`,
  );
  return { kept: masked.kept, pieces };
}

/** Names the texts and how they were cut. */
export function corpusHash(texts: TrainingTexts): Hash {
  return hashOf('moe/specialist-corpus/1', { train: texts.train, heldOut: texts.heldOut });
}
