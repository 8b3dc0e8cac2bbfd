import { toHex } from '@market-of-experts/core';
import { describe, expect, it } from 'vitest';
import { anyTransactions } from './any-transactions.ts';
import { evidenceFingerprints } from './evidence.ts';
import { consequences, transcripts } from './fixture-jobs.ts';
import { logOf, replayLog, signedMix } from './ledger-log.ts';
import { marketRun } from './market-run.ts';
import { messageForms } from './message-forms.ts';
import { recordedBytes, recordedFingerprints } from './recording.ts';

/** Every signed message and every ledger state is, byte for byte, what it was when the files in `recorded/` were written. */
const hexOf = (list: readonly Uint8Array[]): string[] => list.map(toHex);

describe('the ledger', () => {
  const today = () => logOf(signedMix());
  const entries = recordedBytes('ledger-entries', () => today().map(({ bytes }) => bytes));
  const roots = recordedBytes('ledger-roots', () => today().map(({ root }) => root));

  it('reads, writes and applies a recorded log of every kind of transaction as it did', () => {
    const { log, kinds, state } = replayLog(entries);
    expect(kinds.size).toBe(31);
    expect(hexOf(log.map(({ bytes }) => bytes))).toEqual(hexOf(entries));
    expect(hexOf(log.map(({ root }) => root))).toEqual(hexOf(roots));
    const any = anyTransactions(state);
    expect(any).toEqual(recordedFingerprints('any-transactions', any));
  });

  it('signs the same log again', () => {
    expect(hexOf(today().map(({ bytes }) => bytes))).toEqual(hexOf(entries));
  });

  it('judges evidence of every kind as it did', () => {
    const today = evidenceFingerprints();
    expect(today).toEqual(recordedFingerprints('evidence', today));
  });
});

describe('a job', () => {
  const recorded = recordedBytes('transcripts', transcripts);

  it('is said and signed as it was', () => {
    expect(hexOf(transcripts())).toEqual(hexOf(recorded));
  });

  it('is certified and settled as it was', async () => {
    const today = await consequences(recorded);
    expect(today).toEqual(recordedFingerprints('jobs', today));
  });
});

it('a whole market says, signs, keeps and settles what it did', async () => {
  const today = await marketRun();
  expect(today).toEqual(recordedFingerprints('market-run', today));
});

it('every message is written as it was', async () => {
  const today = await messageForms();
  const recorded = recordedFingerprints('message-forms', today);
  // By what they are, not by what we call them.
  const known = new Set(Object.values(today).map(String));
  expect(Object.entries(recorded).filter(([, prints]) => !known.has(String(prints)))).toEqual([]);
});
