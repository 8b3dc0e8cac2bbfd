import { loadCalibrationPieces } from '@market-of-experts/history';
import { defaultParameters, maskText } from '@market-of-experts/protocol';
import { evaluationParagraphs, readCorpus, type TextKind } from '@market-of-experts/training';

/** A paragraph cut as a job cuts it. Numbers are places in {@link EvaluationSet.texts}. */
export interface EvaluationJob {
  readonly kind: TextKind;
  readonly documentId: string;
  readonly full: number;
  readonly kept: number;
  readonly pieces: readonly number[];
}

interface CalibrationText {
  readonly document: string;
  readonly text: number;
}

/** Every text that the scoring benchmarks need a vector of, each once. */
export interface EvaluationSet {
  readonly texts: readonly string[];
  readonly jobs: readonly EvaluationJob[];
  readonly calibration: readonly CalibrationText[];
}

/**
 * `paragraphs` held-out paragraphs (four or more a document, kinds in balance), each cut once by `maskText` with
 * a fixed seed, and a prefix of the shipped calibration set, which comes from other documents.
 */
export function loadEvaluationSet(paragraphs: number, calibrationPieces: number): EvaluationSet {
  const places = new Map<string, number>();
  const placeOf = (text: string): number => {
    const known = places.get(text);
    if (known !== undefined) return known;
    places.set(text, places.size);
    return places.size - 1;
  };
  const jobs = evaluationParagraphs({ limit: paragraphs }).flatMap(({ kind, documentId, text }, index) => {
    const masked = maskText(text, `scoring/${index}`, defaultParameters);
    if (masked === undefined) return [];
    return [
      {
        kind,
        documentId,
        full: placeOf(text),
        kept: placeOf(masked.kept),
        pieces: masked.pieces.map(placeOf),
      },
    ];
  });
  const calibration = loadCalibrationPieces()
    .slice(0, calibrationPieces)
    .map(({ document, text }) => ({ document, text: placeOf(text) }));
  return { texts: [...places.keys()], jobs, calibration };
}

/**
 * Texts to align a stranger on, as an expert does when it joins: `count` paragraphs of groups of documents that
 * neither the evaluation nor the calibration set touches, each whole, halved and as a run of twelve words.
 */
export function anchorTexts(count: number): string[] {
  const used = new Set([
    ...evaluationParagraphs().map(({ documentId }) => documentId),
    ...loadCalibrationPieces().map(({ document }) => document),
  ]);
  const corpus = readCorpus();
  const usedGroups = new Set(
    corpus.flatMap(({ documentId, group, source }) => (used.has(documentId) ? [`${source}/${group}`] : [])),
  );
  const free = corpus.filter(({ source, group }) => !usedGroups.has(`${source}/${group}`));
  const byKind = [...Map.groupBy(free, ({ kind }) => kind).values()];
  const each = Math.ceil(count / byKind.length);
  const paragraphs = byKind.flatMap((texts) =>
    texts.filter(
      (_, index) =>
        Math.floor((index * each) / texts.length) !== Math.floor(((index - 1) * each) / texts.length),
    ),
  );
  return [...new Set(paragraphs.flatMap(({ text }, index) => [text, ...partsOf(text, index)]))];
}

function partsOf(text: string, index: number): string[] {
  const words = [...new Intl.Segmenter('en', { granularity: 'word' }).segment(text)].map(
    ({ segment }) => segment,
  );
  const middle = Math.floor(words.length / 2);
  const half = index % 2 === 0 ? words.slice(0, middle) : words.slice(middle);
  const start = (index * 7) % Math.max(1, words.length - 24);
  return [
    half.join('').trim(),
    words
      .slice(start, start + 24)
      .join('')
      .trim(),
  ].filter((part) => part !== '');
}
