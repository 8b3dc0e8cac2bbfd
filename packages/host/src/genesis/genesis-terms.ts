import { type Hash, type MarketId, MICRO_PER_CREDIT } from '@market-of-experts/core';
import {
  defaultRanking,
  defaultTerms,
  type MarketParameters,
  type MarketTerms,
  type NetworkRules,
} from '@market-of-experts/protocol';

const credits = (amount: number): bigint => BigInt(amount) * MICRO_PER_CREDIT;
/** The market that every data directory is founded with; it may have been closed since. */
export const foundedMarketId = 'text-embedding' as MarketId;
const epochsPerYear = 525_600;

/** One machine's network: play money, so its epochs are short and it mints what its market pays out. */
export function embeddedRules(epochMs: number): NetworkRules {
  return {
    epochMs,
    unbondingEpochs: 7,
    noticeEpochs: 3,
    // All answer from this process at once.
    answerMs: Math.min(10_000, epochMs),
    seatEpochs: 14,
    minDelegationMicro: credits(1),
    minBalanceMicro: 10_000n,
    marketDepositMicro: credits(100),
    reporterBps: 1_000,
    validatorSlashBps: 5_000,
    mint: { perEpochMicro: credits(1), halvingEpochs: epochsPerYear, capMicro: credits(1_000_000) },
  };
}

export function embeddedTerms(parameters: MarketParameters, baseEncoder: Hash): MarketTerms {
  return {
    ...defaultTerms(parameters, baseEncoder),
    // A validator that lies then changes nothing at all: docs/concepts/incentives.md.
    ranking: { ...defaultRanking, method: 'median' },
    registration: { floorMicro: credits(1), capMicro: credits(1_000), riseBps: 5_000, decayBps: 5_000 },
    emission: { perEpochMicro: credits(1), halvingEpochs: epochsPerYear, ownerShareBps: 1_800 },
  };
}
