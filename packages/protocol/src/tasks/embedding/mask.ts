import { drawStream } from '../../random/stream.ts';
import type { EmbeddingParameters } from './embedding-parameters.ts';

const segmenter = new Intl.Segmenter('en', { granularity: 'word' });

let latest: { readonly text: string; readonly words: readonly string[] } | undefined;

/** A text cut by a seed. */
export interface MaskedText {
  readonly kept: string;
  /** At least one, in the order of the text. */
  readonly pieces: readonly string[];
}

/** Words with whatever follows them up to the next word; text before the first word belongs to it. */
export function wordsOf(text: string): readonly string[] {
  // In one process a coordinator and its experts cut the same text one after the other.
  if (latest?.text === text) return latest.words;
  const words: string[] = [];
  let before = '';
  for (const { segment, isWordLike } of segmenter.segment(text)) {
    if (isWordLike) {
      words.push(before + segment);
      before = '';
    } else if (words.length === 0) before += segment;
    else words[words.length - 1] += segment;
  }
  latest = { text, words };
  return words;
}

/**
 * Cuts a text into alternating runs of words, about half kept and half hidden, and joins the hidden runs into
 * at most `pieces` pieces of about `pieceWords` words (docs/concepts/loss.md). Undefined when it has fewer than `minimumWords` words.
 */
export function maskText(
  text: string,
  seed: string,
  limits: Pick<EmbeddingParameters, 'minimumWords' | 'pieces' | 'pieceWords'>,
): MaskedText | undefined {
  const words = wordsOf(text);
  if (words.length < limits.minimumWords) return undefined;
  const stream = drawStream(seed, 'mask');
  const runWords = Math.max(3, Math.round(words.length / (2 * limits.pieces)));
  let hidden = stream.below(2) === 1;
  const kept: string[] = [];
  const runs: string[] = [];
  let hiddenWords = 0;
  for (let start = 0; start < words.length; ) {
    // Between half and one and a half times the usual run, in integers; never a lone word at the end.
    const drawn = Math.max(2, Math.floor((runWords * (32_768 + stream.below(65_536)) + 32_768) / 65_536));
    const end =
      words.length - (start + drawn) < 2 && start > 0 ? words.length : Math.min(words.length, start + drawn);
    const run = words.slice(start, end).join('');
    if (hidden) {
      runs.push(run.trim());
      hiddenWords += end - start;
    } else kept.push(run);
    hidden = !hidden;
    start = end;
  }
  // As long as the calibration pieces they are told apart from: length alone shows in a vector's direction.
  const count = Math.max(
    1,
    Math.min(limits.pieces, runs.length, Math.round(hiddenWords / limits.pieceWords)),
  );
  const pieces = Array.from({ length: count }, (_, piece) =>
    runs.filter((__, run) => Math.floor((run * count) / runs.length) === piece).join(' '),
  );
  return { kept: kept.join('').trim(), pieces };
}
