import { type Hash, hashOf } from '@market-of-experts/core';
import type { ExamsRecord } from '../../../editions/exams-record.ts';
import { type KeptExam, keptExamHash } from './kept-exam.ts';

/** An exam with those of its data that one settlement closed: what counts for editions and pay. */
export interface SettledExam {
  readonly batch: number;
  /** By their places in the certificate, ascending. */
  readonly data: readonly number[];
  readonly exam: KeptExam;
}

/** Data of exams that are looked at: the latest so many, in whole settlements. */
export const examWindowTexts = 2_400;

/**
 * The exams that count at a time, when the settlements before `toBatch` were there: as many of the latest settlements as have
 * {@link examWindowTexts} data in sum at most, at least the last. Exams stand by settlement and certificate.
 */
export function windowOf(
  exams: readonly SettledExam[],
  toBatch: number,
): { readonly exams: readonly SettledExam[]; readonly record: ExamsRecord } {
  const before = exams
    .filter(({ batch }) => batch < toBatch)
    .sort((a, b) => a.batch - b.batch || (a.exam.certificate < b.exam.certificate ? -1 : 1));
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

/** Hash over exams in their order. Whoever has them, or their certificates and transcripts, makes it again. */
export function examsRoot(exams: readonly SettledExam[]): Hash {
  return hashOf(
    'moe/exams/1',
    exams.map(({ batch, data, exam }) => [batch, data, keptExamHash(exam)]),
  );
}
