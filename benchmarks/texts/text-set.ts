import { type CorpusText, readCorpus, splitOf, type TextKind, wordsOf } from '@market-of-experts/training';

/** A held-out text. */
export interface RoutedText {
  readonly kind: TextKind;
  readonly documentId: string;
  readonly whole: string;
  /** Its first half and the rest: a client stores the rest, and asks with the start. */
  readonly start: string;
  readonly rest: string;
}

/** Texts from documents that nothing was trained on. */
export interface TextSet {
  readonly kinds: readonly TextKind[];
  /** What the market learns on: texts of other documents than those that are measured. */
  readonly history: readonly RoutedText[];
  readonly measured: readonly RoutedText[];
}

export interface TextSetInit {
  readonly kinds: readonly TextKind[];
  /** Most texts of a kind, for history and measurement together. */
  readonly perKind: number;
}

/** So that a half has enough words to be a job of its own. */
const minimumWords = 30;

export function loadTextSet({ kinds, perKind }: TextSetInit): TextSet {
  const held = readCorpus().filter(
    (text) => splitOf(text) === 'held-out' && wordsOf(text.text).length >= minimumWords,
  );
  const sides = kinds.map((kind) =>
    twoSides(
      spread(
        held.filter((text) => text.kind === kind),
        perKind,
      ),
    ),
  );
  return {
    kinds,
    history: sides.flatMap(([history]) => history.map(routedText)),
    measured: sides.flatMap(([, measured]) => measured.map(routedText)),
  };
}

function routedText({ kind, documentId, text }: CorpusText): RoutedText {
  const words = wordsOf(text);
  const middle = Math.floor(words.length / 2);
  return {
    kind,
    documentId,
    whole: text,
    start: words.slice(0, middle).join('').trim(),
    rest: words.slice(middle).join('').trim(),
  };
}

/** At most `count` of the texts, evenly over all of them. */
function spread<T>(texts: readonly T[], count: number): readonly T[] {
  const taken = Math.min(count, texts.length);
  return Array.from({ length: taken }, (_, index) => texts[Math.floor((index * texts.length) / taken)]!);
}

/** Large documents first, each to the side that has fewer texts. */
function twoSides(texts: readonly CorpusText[]): readonly [CorpusText[], CorpusText[]] {
  const documents = [...Map.groupBy(texts, ({ documentId }) => documentId)].sort(
    ([a, ofA], [b, ofB]) => ofB.length - ofA.length || (a < b ? -1 : 1),
  );
  const sides: [CorpusText[], CorpusText[]] = [[], []];
  for (const [, ofDocument] of documents)
    sides[sides[0].length <= sides[1].length ? 0 : 1].push(...ofDocument);
  return sides;
}
