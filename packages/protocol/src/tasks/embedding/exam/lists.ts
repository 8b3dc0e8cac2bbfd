import { hash } from 'node:crypto';
import { cutText, type ExamCut, tooShortToCut } from './cuts.ts';
import type { ExamParameters } from './exam-parameters.ts';
import { areNearDuplicates, type Shingles, shinglesOf } from './near-duplicates.ts';

/** What in the lists belongs to one datum: an entry of the first, entries of the second in the order of its text. */
export interface DatumEntries {
  readonly first: number;
  readonly second: readonly number[];
}

/** The two lists of an exam, one shown after the other, and what only its coordinator knows until the end. */
export interface ExamLists {
  /** Kept parts, those of the reserve among them. */
  readonly first: readonly string[];
  /** Hidden pieces, those of the reserve among them. */
  readonly second: readonly string[];
  /** One for each datum, in their order. The same entries for data of the same text. */
  readonly assignment: readonly DatumEntries[];
}

/** Entries of each list at most. */
export function mostEntries({ batchTexts, reserveTexts, pieces }: ExamParameters): {
  readonly first: number;
  readonly second: number;
} {
  return { first: batchTexts, second: batchTexts * pieces + reserveTexts };
}

/**
 * Lists of 1 to `batchTexts` data. Texts of the reserve fill the batch up, cut like the data; `reserveTexts` more give one piece each.
 * Reserve texts that cannot be cut, or resemble a datum or one another, are passed over, so it should have some to spare. Undefined
 * where a datum cannot be cut ({@link tooShortToCut}), there are too many data, or nothing that they could be told apart from.
 *
 * Entries stand in the order of the hashes of seed and text: an order that says nothing of who belongs to whom, also to those who
 * know the seed, and leaves the coordinator nothing to say with it. The same text is one entry.
 */
export function examLists(
  data: readonly string[],
  reserve: readonly string[],
  seed: string,
  parameters: ExamParameters,
): ExamLists | undefined {
  const { batchTexts, reserveTexts } = parameters;
  if (data.length < 1 || data.length > batchTexts) return undefined;
  const cuts = new Map<string, ExamCut>();
  for (const [place, text] of data.entries()) {
    // Data of the same text are cut alike: another cut of it would show what is hidden.
    const cut = cuts.get(text) ?? cutText(text, seed, place, parameters);
    if (cut === undefined) return undefined;
    cuts.set(text, cut);
  }
  const fresh = unlike([...cuts.keys()], reserve, parameters, batchTexts - cuts.size + reserveTexts);
  const further = fresh.map((text, index) => cutText(text, seed, data.length + index, parameters)!);
  const whole = [...cuts.values(), ...further.slice(0, batchTexts - cuts.size)];
  const single = further.slice(batchTexts - cuts.size).map(({ pieces }) => pieces[0]!);
  const first = inOrder(
    seed,
    whole.map(({ kept }) => kept),
  );
  const second = inOrder(seed, [...whole.flatMap(({ pieces }) => pieces), ...single]);
  const entries = new Map(second.map((text, index) => [text, index]));
  const assignment = data.map((text) => {
    const { kept, pieces } = cuts.get(text)!;
    return { first: first.indexOf(kept), second: [...new Set(pieces.map((piece) => entries.get(piece)!))] };
  });
  return second.length > Math.max(...assignment.map((datum) => datum.second.length))
    ? { first, second, assignment }
    : undefined;
}

/** The first `count` texts of the reserve that can be cut and resemble neither the data nor one another. */
function unlike(
  data: readonly string[],
  reserve: readonly string[],
  parameters: ExamParameters,
  count: number,
): string[] {
  const taken: Shingles[] = data.map((text) => shinglesOf(text));
  const chosen: string[] = [];
  for (const text of reserve) {
    if (chosen.length === count) break;
    if (tooShortToCut(text, parameters) !== undefined) continue;
    const shingles = shinglesOf(text);
    if (taken.some((other) => areNearDuplicates(other, shingles))) continue;
    taken.push(shingles);
    chosen.push(text);
  }
  return chosen;
}

function inOrder(seed: string, texts: readonly string[]): string[] {
  const keyed = [...new Set(texts)].map((text) => ({
    text,
    key: hash('sha256', `moe/exam-order/1:${seed}:${text}`),
  }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ text }) => text);
}
