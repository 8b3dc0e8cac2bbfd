import { join } from 'node:path';
import { decode } from '@market-of-experts/core';
import { memoryHistory } from '@market-of-experts/history';
import type { ExpertBackend } from '@market-of-experts/models';
import { type Certificate, lossUnitsPerDatum, rosterSchema } from '@market-of-experts/protocol';
import { decodeShownRecord } from '@market-of-experts/receipts/receipt-record';
import { assertCertified, historyRecordOf } from '@market-of-experts/roles/job/certified-record';
import {
  blend,
  embedOne,
  expert,
  failedChecks,
  longText,
  openTestMarket,
  receiptOf,
  settled,
  temporaryDirectory,
} from '@market-of-experts/testing/test-market';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EmbeddedMarket } from '../src/embedded-market.ts';

/** Hears only a part of what it is told: a weak expert of the same space. */
function distracted(name: string, share: number): ExpertBackend {
  const clear = blend(name, 0.5);
  return {
    ...clear,
    async embed(texts, options) {
      const vectors = await clear.embed(texts, options);
      return vectors.map((vector, index) => {
        // Noise that depends on the text alone, so that its published vectors are its own.
        let state = [...texts[index]!].reduce(
          (hash, letter) => Math.imul(hash ^ letter.codePointAt(0)!, 16_777_619),
          7,
        );
        const mixed = vector.map((value) => {
          state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
          return (1 - share) * value + (share * state) / 2 ** 31 / 10;
        });
        const length = Math.hypot(...mixed) || 1;
        return mixed.map((value) => value / length);
      });
    },
  };
}

/** Enough for beliefs about the experts; then until what chance decides has happened. */
const fewestJobs = 60;
const mostJobs = 1_000;
/** So few that most jobs lie at places with the eight that a region needs, wherever they fall. */
const places = 4;
const directory = temporaryDirectory();
const dataDir = join(directory.path, 'data');
const open = async (): Promise<EmbeddedMarket> => {
  const market = await openTestMarket(dataDir, { parameters: { auditBps: 0, probationJobs: 0, places } });
  for (const [name, share] of [
    ['weak-1', 0.9],
    ['weak-2', 0.95],
    ['weak-3', 0.97],
  ] as const)
    await market.experts.add(expert(name, distracted(name, share)));
  return market;
};

describe('a market with weak experts and strong ones', () => {
  let market: EmbeddedMarket;
  const receipts: string[] = [];
  beforeAll(async () => {
    market = await open();
    const hasWeakWonByCalling = (): boolean =>
      market.service
        .status()
        .experts.some(({ name, callsMade }) => name.startsWith('weak') && callsMade.wins > 0);
    while (receipts.length < fewestJobs || (!hasWeakWonByCalling() && receipts.length < mostJobs)) {
      receipts.push((await embedOne(market, longText(receipts.length), 'shard')).examId);
      if (receipts.length >= fewestJobs) await settled(market, receipts.length);
    }
  });
  afterAll(async () => {
    await market.close();
    directory.remove();
  });

  it('has weak ones that earn by calling strong ones, with receipts that verify', async () => {
    const documents = await Promise.all(receipts.map((id) => receiptOf(market, id)));
    const called = documents.filter(({ friends }) => (friends as unknown[]).length > 0);
    const won = called.find(({ winner, friends }) =>
      (friends as { principal: string }[]).some(({ principal }) => principal === winner),
    )!;
    expect(won).toBeDefined();
    // Winner's owner, friend's owner, market and client.
    expect((won.paid as unknown[]).length).toBe(4);
    for (const document of [won, called[0]!]) expect(await failedChecks(market, document)).toEqual([]);
    const forged = structuredClone(won);
    (forged.friends as { workerBps: number }[])[0]!.workerBps = 1;
    expect(await failedChecks(market, forged)).toEqual(['shown']);
  });

  it('counts calls on both sides, and shows them in lists', async () => {
    const documents = await Promise.all(receipts.map((id) => receiptOf(market, id)));
    const { experts, recentJobs } = market.service.status();
    const made = experts.reduce((sum, { callsMade }) => sum + callsMade.jobs, 0);
    const answered = experts.reduce((sum, { callsAnswered }) => sum + callsAnswered.jobs, 0);
    expect(made).toBe(documents.reduce((sum, { friends }) => sum + (friends as unknown[]).length, 0));
    expect(answered).toBe(made);
    for (const { receiptId, members } of recentJobs.filter(({ mode }) => mode === 'shard')) {
      const { friends } = documents.find(({ id }) => id === receiptId)!;
      expect(members.filter(({ friend }) => friend !== undefined)).toHaveLength(
        (friends as unknown[]).length,
      );
    }
    const weak = experts.filter(({ name }) => name.startsWith('weak'));
    expect(weak.reduce((sum, { callsMade }) => sum + callsMade.wins, 0)).toBeGreaterThan(0);
    for (const { callsMade, callsAnswered } of experts) {
      expect(callsMade.wins).toBeLessThanOrEqual(callsMade.jobs);
      expect(callsAnswered.wins).toBeLessThanOrEqual(callsAnswered.jobs);
    }
  });

  it('sets asks within their limits', () => {
    for (const { askBps } of market.service.status().experts) {
      expect(askBps).toBeGreaterThanOrEqual(500);
      expect(askBps).toBeLessThanOrEqual(9_000);
    }
  });

  it('shows where demand is', async () => {
    const regions = await market.service.regions({ expertLoss: 0.2 });
    const shown = regions.reduce((sum, { jobs }) => sum + jobs, 0);
    expect(shown).toBeLessThanOrEqual(receipts.length);
    // Left out are places with seven jobs at most.
    expect(shown).toBeGreaterThanOrEqual(receipts.length - 7 * (places - 1));
    for (const { jobs } of regions) expect(jobs).toBeGreaterThanOrEqual(8);
    // Texts of a client, who has not given them to everybody.
    expect(regions[0]).not.toHaveProperty('preview');
  });

  it('keeps a record of every certified job, and refuses forged ones', async () => {
    expect(market.service.status().history.records).toBe(receipts.length);
    const document = await receiptOf(market, receipts[0]!);
    const record = decodeShownRecord(new Uint8Array(Buffer.from(document.record as string, 'base64')));
    if (record.proof.kind !== 'certificate') throw new Error('no certificate');
    const { tickets, roster: hash } = record.proof;
    // All of one account: nothing is hidden.
    const certificate = record.proof.certificate as Certificate;
    const bytes = (await market.service.blob(hash))!;
    const roster = decode(bytes, rosterSchema);
    await assertCertified(certificate, tickets, roster);
    const history = memoryHistory({ dimensions: 384, unitsPerJob: lossUnitsPerDatum });
    expect(history.append(historyRecordOf(certificate.body, 0, record.atMs)!)).toBe(true);
    const poisoned = {
      ...certificate,
      body: {
        ...certificate.body,
        data: certificate.body.data.map((datum) => ({
          ...datum,
          winner: certificate.body.members.find(({ principal }) => principal !== datum.winner)!.principal,
        })),
      },
    };
    await expect(assertCertified(poisoned, tickets, roster)).rejects.toMatchObject({ code: 'not-certified' });
    await expect(assertCertified({ ...certificate, signatures: [] }, tickets, roster)).rejects.toMatchObject({
      code: 'not-certified',
    });
    await expect(assertCertified(certificate, [], roster)).rejects.toMatchObject({ code: 'not-certified' });
  });

  it('knows its history and its calls again after a restart, and goes on', async () => {
    const before = market.service.status();
    await market.close();
    market = await open();
    const after = market.service.status();
    expect(after.history.records).toBe(before.history.records);
    const callsOf = ({ experts }: typeof after) =>
      experts.map(({ name, callsMade, callsAnswered, askBps }) => [name, callsMade, callsAnswered, askBps]);
    expect(callsOf(after)).toEqual(callsOf(before));
    await embedOne(market, longText(receipts.length), 'shard');
  });
});
