import { loadCalibrationPieces } from '@moe/history';
import { defaultParameters, maskText, wordsOf } from '@moe/protocol';
import { type CorpusText, readCorpus, splitOf, type TextKind } from '@moe/training';
import type { EvaluationJob, EvaluationSet } from '../scoring/evaluation-set.ts';

/** A held-out text and the ways in which jobs cut it. Numbers are places in {@link TextSet.texts}. */
export interface RoutedText {
  readonly kind: TextKind;
  readonly documentId: string;
  /** The market learns on one fold and is measured on the other; a document is in one of them. */
  readonly fold: 0 | 1;
  /** The text as a job of its own: cut 0 delivers, cut 1 judges afresh; all serve as history for the other fold. */
  readonly cuts: readonly EvaluationJob[];
  /** Its first half and the rest as jobs of their own: a client stores the rest, and asks with the start. */
  readonly start: EvaluationJob;
  readonly rest: EvaluationJob;
}

export interface TextSet extends EvaluationSet {
  readonly kinds: readonly TextKind[];
  readonly routed: readonly RoutedText[];
}

export interface TextSetInit {
  readonly kinds: readonly TextKind[];
  /** Most texts of a kind. */
  readonly perKind: number;
  readonly cuts: number;
  readonly calibrationPieces: number;
}

const minimumWords = 30;

/**
 * Texts of the given kinds from documents that nothing was trained on and that are not in the calibration set, each
 * cut `cuts` times with fixed seeds.
 */
export function loadTextSet({ kinds, perKind, cuts, calibrationPieces }: TextSetInit): TextSet {
  const places = new Map<string, number>();
  const placeOf = (text: string): number => {
    const known = places.get(text);
    if (known !== undefined) return known;
    places.set(text, places.size);
    return places.size - 1;
  };
  const held = readCorpus().filter(
    (text) => splitOf(text) === 'held-out' && wordsOf(text.text).length >= minimumWords,
  );
  const routed = kinds.flatMap((kind) => {
    const texts = spread(
      held.filter((text) => text.kind === kind),
      perKind,
    );
    const folds = foldsOf(texts);
    return texts.map(({ documentId, text }): RoutedText => {
      const job = (whole: string, seed: string): EvaluationJob => {
        const masked = maskText(whole, seed, defaultParameters)!;
        return {
          kind,
          documentId,
          full: placeOf(whole),
          kept: placeOf(masked.kept),
          pieces: masked.pieces.map(placeOf),
        };
      };
      const words = wordsOf(text);
      const middle = Math.floor(words.length / 2);
      return {
        kind,
        documentId,
        fold: folds.get(documentId)!,
        cuts: Array.from({ length: cuts }, (_, cut) => job(text, `routing/${cut}`)),
        start: job(words.slice(0, middle).join('').trim(), 'routing/start'),
        rest: job(words.slice(middle).join('').trim(), 'routing/rest'),
      };
    });
  });
  const calibration = loadCalibrationPieces()
    .slice(0, calibrationPieces)
    .map(({ document, text }) => ({ document, text: placeOf(text) }));
  return { kinds, routed, jobs: routed.map((text) => text.cuts[0]!), calibration, texts: [...places.keys()] };
}

/** At most `count` of the texts, evenly over all of them. */
function spread<T>(texts: readonly T[], count: number): readonly T[] {
  const taken = Math.min(count, texts.length);
  return Array.from({ length: taken }, (_, index) => texts[Math.floor((index * texts.length) / taken)]!);
}

/** Large documents first, each into the fold that has fewer texts. */
function foldsOf(texts: readonly CorpusText[]): ReadonlyMap<string, 0 | 1> {
  const documents = [...Map.groupBy(texts, ({ documentId }) => documentId)].sort(
    ([a, ofA], [b, ofB]) => ofB.length - ofA.length || (a < b ? -1 : 1),
  );
  const sizes = [0, 0];
  return new Map(
    documents.map(([documentId, ofDocument]) => {
      const fold = sizes[0]! <= sizes[1]! ? 0 : 1;
      sizes[fold]! += ofDocument.length;
      return [documentId, fold] as const;
    }),
  );
}
