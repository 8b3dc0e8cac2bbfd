/** What a wrong clock does to an honest node. Orders name their deadline in time of day, 30 s after they are made. */

import { type Clock, systemRandom } from '@market-of-experts/core';
import { defaultParameters, type MarketParameters } from '@market-of-experts/protocol';
import { expertRole } from '@market-of-experts/roles/expert/expert-role';
import { embeddingSkill } from '@market-of-experts/roles/tasks/embedding/embedding-skill';
import { type FixedMarket, fixedMarket } from '@market-of-experts/testing/fixed-market';
import { type VirtualClock, virtualClock } from '@market-of-experts/testing/virtual-clock';
import { studyEncode, studyParameters, studyText } from './study-market.ts';

export interface SkewRow {
  readonly whose: string;
  readonly skewSeconds: number;
  /** Of the node with the wrong clock, or of every seat: how often each outcome came. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** All of them together. */
  readonly slashedMicro: number;
}

interface Skews {
  readonly whose: string;
  readonly expertMs?: (index: number) => number;
  readonly clientMs?: number;
  /** One expert's clock is set forward by so much, or back, once it has sealed its first half. */
  readonly jumpMs?: number;
}

const jobs = 3;
const delayMs = 10;
/** Everyone sits in every job, so that the last one's clock is always felt. */
const seats = 5;

/** Of everyone, or of one kind of wrong clock. */
export async function skewRows(whose?: string): Promise<SkewRow[]> {
  const one = (skewMs: number) => (index: number) => (index === seats - 1 ? skewMs : 0);
  // An order lives for 30 s and is served for 120 s more; a job is kept in hand for 40 s.
  const cases: (Skews & { readonly skewSeconds: number })[] = [
    ...[-3_600, -60, 31, 60, 149, 151, 3_600].map((skewSeconds) => ({
      whose: 'one expert',
      skewSeconds,
      expertMs: one(1_000 * skewSeconds),
    })),
    ...[-3_600, 149, 151].map((skewSeconds) => ({
      whose: 'every expert',
      skewSeconds,
      expertMs: () => 1_000 * skewSeconds,
    })),
    ...[-151, -149, 3_600].map((skewSeconds) => ({
      whose: 'client and gateway',
      skewSeconds,
      clientMs: 1_000 * skewSeconds,
    })),
    ...[-3_600, -60, 60, 145, 161, 3_600].map((skewSeconds) => ({
      whose: 'one expert, set in mid-job',
      skewSeconds,
      jumpMs: 1_000 * skewSeconds,
    })),
  ];
  const rows: SkewRow[] = [];
  for (const { skewSeconds, ...skews } of cases)
    if (whose === undefined || whose === skews.whose) rows.push({ skewSeconds, ...(await observe(skews)) });
  return rows;
}

async function observe(skews: Skews): Promise<Omit<SkewRow, 'skewSeconds'>> {
  const parameters: MarketParameters = { ...studyParameters, shardSize: seats };
  const clock = virtualClock();
  let jumpMs = 0;
  const market = fixedMarket({
    parameters,
    experts: seats,
    validators: defaultParameters.witnesses,
    name: 'skew',
    ticketDepth: 6,
    clock,
    encode: (index) => studyEncode(parameters.dimensions, index),
    strangers: Array.from({ length: seats }, (_, index) => index),
  });
  market.network.inject.latency(delayMs);
  for (const [index, { keys, transport, encode }] of market.experts.entries()) {
    const isLast = index === seats - 1;
    expertRole({ signer: market.signerOf(keys) })({
      transport,
      view: market.view,
      random: systemRandom,
      clock: shifted(clock, () => (skews.expertMs?.(index) ?? 0) + (isLast ? jumpMs : 0)),
      skill: embeddingSkill({
        name: `expert-${index}`,
        dimensions: parameters.dimensions,
        embed: async (texts) => {
          // The whole text comes after the first seal: now its owner, or NTP, mends the clock.
          if (isLast && texts.length > 1) jumpMs = skews.jumpMs ?? 0;
          return texts.map(encode);
        },
        close: async () => undefined,
      }),
    });
  }
  const isAllOrNone = skews.clientMs !== undefined || skews.whose === 'every expert';
  const outcomes: Record<string, number> = {};
  let slashedMicro = 0;
  // One after the other, but overlapping: what one job makes an expert forget, another still needs.
  const runs = Array.from({ length: jobs }, async (_, job) => {
    await clock.sleep(3 * delayMs * job);
    return runOne(market, clock, skews);
  });
  for (const found of await Promise.all(runs)) {
    if (found === undefined) outcomes['no job'] = (outcomes['no job'] ?? 0) + 1;
    for (const member of found ?? []) {
      const { principal, outcome } = member;
      if (!isAllOrNone && principal !== market.experts[seats - 1]!.node) continue;
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      slashedMicro += Number(member.slashMicro);
    }
  }
  await market.close();
  return { whose: skews.whose, outcomes, slashedMicro };
}

async function runOne(market: FixedMarket, clock: VirtualClock, skews: Skews) {
  try {
    const order = { deadlineMs: clock.nowMs() + (skews.clientMs ?? 0) + 30_000 };
    const { certificate } = await market.runJob({ text: studyText, order });
    return certificate.body.members;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'no-quorum') return undefined;
    throw error;
  }
}

function shifted(clock: Clock, shiftMs: () => number): Clock {
  return { ...clock, nowMs: () => clock.nowMs() + shiftMs() };
}
