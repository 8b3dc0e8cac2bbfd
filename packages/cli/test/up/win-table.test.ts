import { stripVTControlCharacters } from 'node:util';
import type { JobSummary } from '@market-of-experts/api/jobs';
import type { ShownText } from '@market-of-experts/api/shown-text';
import { expect, it } from 'vitest';
import { createWinTable } from '../../src/up/win-table.ts';

const strong = { id: '9', name: 'strong', askBps: 5_000 };
const jobWith = (members: JobSummary['members'], winner: string): JobSummary => ({
  receiptId: 'r',
  atMs: 0,
  mode: 'shard',
  kind: 'house',
  outcome: 'certified',
  preview: '' as ShownText,
  members,
  winner,
  feeMicro: 1n,
  durationMs: 1,
});

it('counts a job for who worked in it, and the calls', () => {
  const table = createWinTable();
  expect(table.render()).toBeUndefined();
  const weak = { id: '1', name: 'weak', probation: false, loss: 0.1, friend: strong };
  const other = { id: '2', name: 'other', probation: false, loss: 0.3 };
  const late = { id: '3', name: 'late', probation: false };
  const newcomer = { id: '4', name: 'newcomer', probation: true, loss: 0 };
  table.record('prose', jobWith([weak, other, late, newcomer], '1'));
  table.record('prose', jobWith([weak, other], '2'));
  const shown = stripVTControlCharacters(table.render()!);
  expect(shown).toMatch(/prose\s+strong 1\/2 \(loss 0\.10\)\s+other 1\/2 \(loss 0\.30\)\n/);
  expect(shown).toContain(
    'Friends were called in them 2 times and won 1 of these; most often weak → strong (2, won 1).',
  );
});

it('says so when nobody called', () => {
  const table = createWinTable();
  table.record('code', jobWith([{ id: '2', name: 'other', probation: false, loss: 0.3 }], '2'));
  expect(table.render()).toContain('Nobody called a friend in them.');
});
