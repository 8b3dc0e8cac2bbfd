import type { Clock, Hash, JobId, NodeId } from '@market-of-experts/core';
import { embeddedParameters, type SealedJob } from '@market-of-experts/protocol';
import { beforeEach, expect, it } from 'vitest';
import { type JobMemory, jobMemory } from '../../src/expert/job-memory.ts';
import type { GuardedSigner } from '../../src/signing/guarded-signer.ts';

const hourMs = 3_600_000;
let nowMs: number;
let steadyMs: number;
let jobs: JobMemory;
const clock: Clock = { nowMs: () => nowMs, steadyMs: () => steadyMs, sleep: async () => undefined };
const job = {
  id: 'job' as JobId,
  deadlineMs: 30_000,
  roster: { parameters: embeddedParameters },
} as SealedJob;
const pass = (ms: number): void => {
  nowMs += ms;
  steadyMs += ms;
};

beforeEach(() => {
  nowMs = 0;
  steadyMs = 0;
  jobs = jobMemory(clock, 4, { openJob: () => ({}) } as unknown as GuardedSigner);
  jobs.take(
    job,
    { texts: [], assignment: '' as Hash, positions: [], list: '' as Hash },
    'principal' as NodeId,
  );
});

it('a clock that is set by hours in mid-job makes an expert forget nothing that it has sealed', () => {
  for (const setMs of [hourMs, -2 * hourMs, 10_000 * hourMs]) {
    nowMs += setMs;
    expect(jobs.known(job.id)).toBeDefined();
    pass(1_000);
    expect(jobs.known(job.id)).toBeDefined();
  }
  pass(hourMs);
  expect(jobs.known(job.id)).toBeUndefined();
});

it('a clock that is set forward and back again does not make an order new that was served', () => {
  nowMs += hourMs;
  expect(jobs.hasRoom()).toBe(true);
  nowMs -= hourMs;
  expect(jobs.wasServed(job.id)).toBe(true);
  pass(hourMs);
  jobs.hasRoom();
  expect(jobs.wasServed(job.id)).toBe(false);
});
