import { bytesSchema, type Hash, hashOf, hashSchema } from '@market-of-experts/core';
import { z } from 'zod';
import type { AssignedEntries, Question } from '../tasks/task.ts';

/** What a question may hold at most. */
export const questionLimits = {
  /** Of one list. */
  entries: 192,
  /** Texts of the reserve. */
  reserve: 64,
  /** Of them together, whole. */
  reserveBytes: 256 * 1024,
  saltBytes: 32,
  /** Of where one entry lies. */
  positionBytes: 4_096,
} as const;

/** What keeps the lists and the assignment of a question from being guessed before they are opened. */
export interface QuestionSalts {
  readonly first: Uint8Array;
  readonly second: Uint8Array;
  readonly assignment: Uint8Array;
}

/**
 * What was asked, without its texts: each entry by a salted hash, so that who knows a text and the entry's salt finds it, and others
 * learn nothing. The assignment is bound by every seal, and opened at the end.
 */
export interface OpenedQuestion {
  readonly first: readonly Hash[];
  readonly second: readonly Hash[];
  readonly assignment: readonly AssignedEntries[];
  /** Where the entries of the first list lie, as its task says: anybody who has the texts can repeat it. Empty where nobody says it. */
  readonly positions: readonly Uint8Array[];
  /** Of the assignment. */
  readonly salt: Uint8Array;
}

const placeSchema = z
  .int()
  .min(0)
  .max(questionLimits.entries - 1);
export const positionsSchema = z.array(bytesSchema(questionLimits.positionBytes)).max(questionLimits.entries);
const namesSchema = z.array(hashSchema).min(1).max(questionLimits.entries);
export const openedQuestionSchema: z.ZodType<OpenedQuestion> = z.strictObject({
  first: namesSchema,
  second: namesSchema,
  assignment: z
    .array(
      z.strictObject({
        first: placeSchema,
        second: z.array(placeSchema).min(1).max(questionLimits.entries),
        wrong: z.array(placeSchema).max(questionLimits.entries),
      }),
    )
    .min(1)
    .max(12),
  positions: positionsSchema,
  salt: bytesSchema(questionLimits.saltBytes),
});

/** By which one entry of a list can be shown to who has its text, and no other. */
function entrySalt(listSalt: Uint8Array, place: number): Hash {
  return hashOf('moe/entry-salt/1', [listSalt, place]);
}

/** Name of an entry: who knows its text and its salt finds it in the list. */
export function entryName(text: string, salt: Hash): Hash {
  return hashOf('moe/entry/1', [salt, text]);
}

/** Names of the entries of a list. */
export function entryNames(texts: readonly string[], listSalt: Uint8Array): Hash[] {
  return texts.map((text, place) => entryName(text, entrySalt(listSalt, place)));
}

/** Where an entry stands in its list, with the salt of its name. */
export interface OwnEntry {
  readonly place: number;
  readonly salt: Hash;
}

/** The entries of one datum in the second list: its client may have their salts, and nobody else's. */
export function ownEntries(
  { assignment }: Pick<OpenedQuestion, 'assignment'>,
  listSalt: Uint8Array,
  datum: number,
): OwnEntry[] {
  return assignment[datum]!.second.map((place) => ({ place, salt: entrySalt(listSalt, place) }));
}

/** What the first request commits to. */
export function assignmentHash(assignment: readonly AssignedEntries[], salt: Uint8Array): Hash {
  return hashOf('moe/assignment/1', [
    salt,
    assignment.map(({ first, second, wrong }) => [first, second, wrong]),
  ]);
}

/** A list as seals are made for it: with the assignment that was committed to, the first one with its positions. */
export function listHash(
  names: readonly Hash[],
  assignment: Hash,
  positions: readonly Uint8Array[] = [],
): Hash {
  return hashOf('moe/list/2', [assignment, names, positions]);
}

/** A question without its texts. */
export function openedQuestion(
  question: Question,
  salts: QuestionSalts,
  positions: readonly Uint8Array[] = [],
): OpenedQuestion {
  return {
    first: entryNames(question.first, salts.first),
    second: entryNames(question.second, salts.second),
    assignment: question.assignment,
    positions,
    salt: salts.assignment,
  };
}

/** Hashes of both lists of a question. */
export function listsOf({ first, second, assignment, positions, salt }: OpenedQuestion): {
  readonly first: Hash;
  readonly second: Hash;
} {
  const committed = assignmentHash(assignment, salt);
  return { first: listHash(first, committed, positions), second: listHash(second, committed) };
}

/** Whether every place that an assignment names is one of the lists, none twice, for so many data. */
export function isAssignmentOf({ first, second, assignment }: OpenedQuestion, data: number): boolean {
  return (
    assignment.length === data &&
    assignment.every((datum) => {
      const places = [...datum.second, ...datum.wrong];
      return (
        datum.first < first.length &&
        places.every((place) => place < second.length) &&
        new Set(places).size === places.length
      );
    })
  );
}
