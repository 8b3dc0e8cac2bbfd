import { stripVTControlCharacters } from 'node:util';
import type { JobSummary } from '@market-of-experts/api/jobs';
import type { ShownText } from '@market-of-experts/api/shown-text';
import { afterEach, expect, it, vi } from 'vitest';
import { createLog } from '../../src/up/log.ts';

const job: JobSummary = {
  receiptId: 'a'.repeat(64),
  atMs: 0,
  mode: 'shard',
  kind: 'client',
  outcome: 'certified',
  preview:
    'One line\n\u001b[2Jof \u202etext that is longer than the room that a line has for it' as ShownText,
  place: 3,
  members: [
    { id: '1', name: 'first', loss: 0.25, probation: false },
    { id: '2', name: 'second', loss: 0.5, probation: true },
    { id: '3', name: 'third', probation: false, outcome: 'late', slashed: true },
  ],
  winner: '1',
  feeMicro: 1_250_000n,
  durationMs: 12,
};

const written: string[] = [];
const spy = () =>
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
afterEach(() => {
  vi.restoreAllMocks();
  written.length = 0;
});

it('shows a job on one line, and nothing of its text steers the terminal', () => {
  spy();
  createLog(false).job(job);
  const line = written.join('').trimEnd();
  const plain = stripVTControlCharacters(line);
  expect(plain).toContain('★ first 0.25 · (second 0.50) · third late  1.25 cr');
  expect(plain).toContain('“One line of  text that is lon…”');
  expect(line).not.toMatch(/\n|\u202e|\[2J/);
});

it('says below a job who called whom, for what share, and what came of it', () => {
  spy();
  const friend = { id: '9', name: 'strong', askBps: 5_000 };
  const called = { ...job, members: job.members.map((member) => ({ ...member, friend })) };
  const log = createLog(false);
  log.job(called);
  log.job({ ...called, winner: '4' });
  expect(written.map((line) => stripVTControlCharacters(line).trim())).toEqual([
    expect.stringContaining('★ first → strong 0.25 · (second → strong 0.50) · third → strong late'),
    '↳ first called strong for 50 % and won: strong earns 0.6125 cr, first 0.6125 cr',
    expect.stringContaining('first → strong 0.25'),
    '↳ first called strong for 50 %, second called strong for 50 %, third called strong for 50 % and did not win',
  ]);
});

it('names the market of a job that is not in the first one, and shares by its cut', () => {
  spy();
  const friend = { id: '9', name: 'strong', askBps: 5_000 };
  const called = { ...job, members: job.members.map((member) => ({ ...member, friend })) };
  createLog(false).job(called, { market: 'my-texts', feeBps: 2_000 });
  expect(written.map((line) => stripVTControlCharacters(line).trim())).toEqual([
    expect.stringContaining('1.25 cr in my-texts  “One line'),
    '↳ first called strong for 50 % and won: strong earns 0.5 cr, first 0.5 cr',
  ]);
});

it('shows a refunded job as such', () => {
  spy();
  createLog(false).job({ ...job, outcome: 'refunded', members: [] });
  expect(stripVTControlCharacters(written.join(''))).toContain('refunded');
});

it('writes only JSON lines with --json', () => {
  spy();
  const log = createLog(true);
  log.say('for people only');
  log.say('for both', { event: 'warning', amountMicro: 5n });
  log.job(job);
  log.background('busy');
  log.stop();
  const events = written.map((text) => JSON.parse(text) as Record<string, unknown>);
  expect(events).toHaveLength(2);
  expect(events[0]).toMatchObject({ event: 'warning', amountMicro: '5' });
  expect(events[1]).toMatchObject({ event: 'job-certified', feeMicro: '1250000', winner: '1' });
});
