import { type Hash, MoeError } from '@market-of-experts/core';
import type { NumberedSaying, OnceSaying, Saying } from './signing-guard.ts';

/** Where a sequence stands: its highest number, and what was said of that. Lower numbers are never signed anew. */
export interface SequenceMark {
  readonly number: number;
  readonly said: ReadonlyMap<string, Hash>;
}

/** What is known, whichever way it is kept. */
export interface GuardTables {
  once(slot: string): Omit<OnceSaying, 'slot'> | undefined;
  sequence(name: string): SequenceMark | undefined;
  /** Latest time until which something forgotten held, milliseconds since 1970. */
  pastMs(): number;
  nowMs(): number;
}

/** Longest slot or sequence name: a key of the store must hold it. */
const maxNameLength = 512;
/**
 * Of one number of a sequence, e.g. gateways that propose the same settlement: anybody with money locked may be one, so it takes
 * seconds of a validator's work, and thousands of locks, to use up a number.
 */
const maxSaidOfNumber = 4_096;

/** Whether a saying is new, or the same as before. Throws what `enter` throws at once. */
export function isNew(saying: Saying, tables: GuardTables): boolean {
  return 'untilMs' in saying
    ? isNewOnce(saying, tables)
    : isNewNumber(saying, tables.sequence(saying.sequence));
}

function isNewOnce({ slot, said, untilMs }: OnceSaying, tables: GuardTables): boolean {
  assertName(slot);
  const known = tables.once(slot);
  if (known?.said === said) return false;
  // What is over is as good as forgotten, and is so with the next write.
  if (known !== undefined && known.untilMs >= tables.nowMs()) throw alreadySigned(slot);
  if (untilMs <= Math.max(tables.pastMs(), known?.untilMs ?? 0))
    throw new MoeError(
      'signed-past',
      `${slot} is of a time whose signatures this node no longer knows: it signs nothing more about it.`,
    );
  return true;
}

function isNewNumber(
  { sequence, number, slot, said }: NumberedSaying,
  mark: SequenceMark | undefined,
): boolean {
  assertName(sequence);
  assertName(slot);
  if (mark === undefined || number > mark.number) return true;
  if (number < mark.number)
    throw new MoeError(
      'signed-past',
      `Number ${number} of ${sequence} is below ${mark.number}, which this node has signed: it signs no lower one.`,
    );
  const known = mark.said.get(slot);
  if (known === said) return false;
  if (known !== undefined) throw alreadySigned(`number ${number} of ${sequence}`);
  if (mark.said.size >= maxSaidOfNumber)
    throw new MoeError(
      'guard-full',
      `${maxSaidOfNumber} have been signed for number ${number} of ${sequence}.`,
    );
  return true;
}

/** The mark after a new saying: a higher number begins anew. */
export function markAfter(
  { number, slot, said }: NumberedSaying,
  mark: SequenceMark | undefined,
): SequenceMark {
  const earlier = mark?.number === number ? mark.said : [];
  return { number, said: new Map([...earlier, [slot, said]]) };
}

/** Both marks in one: of the same number, what either has said. */
export function mergedMark(mark: SequenceMark | undefined, other: SequenceMark): SequenceMark {
  if (mark === undefined || other.number > mark.number) return other;
  return other.number < mark.number
    ? mark
    : { number: mark.number, said: new Map([...other.said, ...mark.said]) };
}

function assertName(name: string): void {
  if (name.length > maxNameLength)
    throw new MoeError(
      'guard-full',
      `The name of something to sign has more than ${maxNameLength} characters.`,
    );
}

function alreadySigned(what: string): MoeError {
  return new MoeError('signed-already', `This node has signed something else for ${what}.`);
}
