import type { AccountId, MarketId } from '@market-of-experts/core';
import { describe, expect, it } from 'vitest';
import type { OwnedJob } from '../../src/events/job-feed.ts';
import { tallyGroups } from '../../src/events/tally-groups.ts';

const owners = ['a', 'b'].map((letter) => `0x${letter.repeat(40)}` as AccountId);

function tally(receiptId: string, worker: string, atMs = 0, owner = owners[0]!): OwnedJob {
  return {
    job: {
      receiptId,
      market: 'text-embedding' as MarketId,
      atMs,
      mode: 'route',
      kind: 'client',
      outcome: 'routed',
      members: [{ id: worker, name: worker, probation: false }],
      winner: worker,
      feeMicro: 1n,
      durationMs: 1,
    },
    text: { owner, isTextPublic: false, preview: '' },
  };
}

describe('tallies of the same texts', () => {
  const ids = (...tallies: readonly OwnedJob[]) => {
    const grouped = tallyGroups();
    return tallies.map((each) => grouped(each).job.together);
  };

  it('have one id, that of the first', () => {
    expect(ids(tally('1', 'x'), tally('2', 'y', 3), tally('3', 'z', 1_000))).toEqual(['1', '1', '1']);
  });

  it('are of one client, who cannot be told from the id', () => {
    expect(
      ids(tally('1', 'x'), tally('2', 'x', 0, owners[1]), tally('3', 'y', 0, owners[1]), tally('4', 'y')),
    ).toEqual(['1', '2', '2', '1']);
  });

  it('are of different parts: the next of a part is of other texts', () => {
    expect(ids(tally('1', 'x'), tally('2', 'x', 500), tally('3', 'y', 500), tally('4', 'y'))).toEqual([
      '1',
      '2',
      '2',
      '1',
    ]);
  });

  it('were opened together', () => {
    expect(ids(tally('1', 'x'), tally('2', 'y', 1_001))).toEqual(['1', '2']);
  });

  it('are no exams', () => {
    const { job, text } = tally('1', 'x');
    expect(ids({ job: { ...job, mode: 'shard', together: 'exam' }, text })).toEqual(['exam']);
    const { winner: _, ...nobody } = job;
    expect(ids({ job: nobody, text })).toEqual([undefined]);
  });
});
