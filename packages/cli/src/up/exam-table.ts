import type { JobSummary } from '@market-of-experts/api/jobs';
import { renderTable } from '../terminal/table.ts';

/** A text of an exam, by the name that the table gives it, and what came of it. */
export interface ExaminedText {
  readonly name: string;
  readonly job: JobSummary;
}

/** Who was drawn for an exam, with what loss on each of its texts, and who won which: all of one exam have the same members. */
export function examTable(texts: readonly ExaminedText[]): string {
  const members = texts[0]?.job.members ?? [];
  return renderTable(
    [
      { title: '   drawn' },
      ...texts.map(({ name }) => ({ title: name, align: 'right' as const })),
      { title: '' },
    ],
    members.map(({ id, name, friend, outcome, probation }) => [
      `   ${friend === undefined ? name : `${name} → ${friend.name}`}`,
      ...texts.map(({ job }) => {
        const loss = job.members.find((member) => member.id === id)?.loss;
        return `${job.winner === id ? '★ ' : ''}${loss?.toFixed(2) ?? '–'}`;
      }),
      outcome ?? (probation ? 'newcomer, unpaid' : ''),
    ]),
  );
}
