import { decode, encode, type Hash, hashOf, hashSchema } from '@market-of-experts/core';
import { z } from 'zod';
import type { ExamsRecord } from '../../../editions/exams-record.ts';
import { counterSchema } from '../../../fields/fields.ts';
import { type KeptExam, keptExamHash } from './kept-exam.ts';

/** An exam with those of its data that one settlement closed: what counts for editions and pay. */
export interface SettledExam {
  readonly batch: number;
  /** By their places in the certificate, ascending. */
  readonly data: readonly number[];
  readonly exam: KeptExam;
}

/** Data of exams that are looked at: the latest so many, in whole settlements, … */
export const examWindowTexts = 2_400;
/** … of so many settlements before the one that comes next. */
export const examWindowBatches = 4_096;

/**
 * The exams that count at a time, when the settlements before `toBatch` were there: as many of the latest settlements as have
 * {@link examWindowTexts} data in sum at most, at least the last. Exams stand by settlement and certificate.
 */
export function windowOf(
  exams: readonly SettledExam[],
  toBatch: number,
): { readonly exams: readonly SettledExam[]; readonly record: ExamsRecord } {
  const before = inOrder(
    exams.filter(({ batch }) => batch < toBatch && batch >= toBatch - examWindowBatches),
  );
  let texts = 0;
  let start = before.length;
  for (const [batch, group] of [...Map.groupBy(before, ({ batch }) => batch)].reverse()) {
    const more = group.reduce((sum, { data }) => sum + data.length, 0);
    if (texts > 0 && texts + more > examWindowTexts) break;
    texts += more;
    start = before.findIndex((each) => each.batch === batch);
  }
  const inside = before.slice(start);
  return {
    exams: inside,
    record: { root: examsRoot(inside), fromBatch: inside[0]?.batch ?? toBatch, toBatch, texts },
  };
}

/** By settlement and certificate. */
export function inOrder(exams: readonly SettledExam[]): SettledExam[] {
  return exams.toSorted((a, b) => a.batch - b.batch || (a.exam.certificate < b.exam.certificate ? -1 : 1));
}

/** An exam by its hash, as lists of exams name it. */
export interface ListedExam extends Pick<SettledExam, 'batch' | 'data'> {
  readonly hash: Hash;
}

const examsDomain = 'moe/exams/1';
const examsSchema = z.tuple([
  z.literal(examsDomain),
  z
    .array(z.tuple([counterSchema, z.array(z.int().min(0).max(11)).min(1).max(12), hashSchema]))
    .max(examWindowTexts),
]);

/** Hash over exams in their order. Whoever has them, or their certificates and transcripts, makes it again. */
export function examsRoot(exams: readonly SettledExam[]): Hash {
  return hashOf(examsDomain, namesOf(exams));
}

/** Bytes whose SHA-256 is {@link examsRoot}: which exams there are. */
export function examsListBytes(exams: readonly SettledExam[]): Uint8Array {
  return encode([examsDomain, namesOf(exams)]);
}

/** Throws `invalid-encoding` for bytes that are no list of exams. */
export function readExamsList(bytes: Uint8Array): readonly ListedExam[] {
  return decode(bytes, examsSchema)[1].map(([batch, data, hash]) => ({ batch, data, hash }));
}

function namesOf(exams: readonly SettledExam[]): unknown {
  return exams.map(({ batch, data, exam }) => [batch, data, keptExamHash(exam)]);
}
