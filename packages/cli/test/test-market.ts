import type { MarketService, RegionListing, ServeRequest } from '@market-of-experts/api/market-service';
import type { MarketStatus } from '@market-of-experts/api/status';
import {
  type AccountId,
  type Amount,
  hashOf,
  type MarketId,
  MoeError,
  sha256,
} from '@market-of-experts/core';
import { createGateway, type Gateway } from '@market-of-experts/gateway';
import { float32Bytes } from '@market-of-experts/protocol';
import { testEditionListing } from '@market-of-experts/testing/test-edition';

/** A small market behind the real gateway, which remembers what it was paid for. */
export interface TestMarket {
  readonly url: string;
  readonly apiKey: string;
  /** How often each text was answered and paid. */
  readonly paid: ReadonlyMap<string, number>;
  /** Calls to `serve`, answered or not. */
  readonly requests: readonly (readonly string[])[];
  /** Waits before each answer; a rejection is the answer. */
  beforeAnswer: (request: ServeRequest) => Promise<void>;
  receipts: Map<string, Record<string, unknown>>;
  regions: readonly RegionListing[];
  status: Partial<MarketStatus>;
  close(): Promise<void>;
}

export const testDimensions = 8;
const feePerTextMicro = 10n;
const market = 'text-embedding' as MarketId;
const account = `0x${'a'.repeat(40)}` as AccountId;
const expert = { id: hashOf('test/expert/1', 'minilm'), name: 'minilm' };

/** The vector that this market gives for a text. */
export function vectorFor(text: string): Float32Array {
  const digest = sha256(Buffer.from(text));
  const vector = Float32Array.from({ length: testDimensions }, (_, index) => digest[index]! - 127.5);
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}

export async function startTestMarket(): Promise<TestMarket> {
  const paid = new Map<string, number>();
  const requests: (readonly string[])[] = [];
  let spent: Amount = 0n;
  const listing = {
    id: market,
    task: 'text-embedding' as const,
    dimensions: testDimensions,
    editions: [testEditionListing(market, [{ name: 'minilm', dimensions: testDimensions }])],
    createdMs: 1,
    aliases: [market, 'text-embedding-3-small'],
    maxTextBytes: 1_000,
    pricePerKilobyteMicro: 1_024n,
  };
  const service: MarketService = {
    authenticate: (key) => (key === 'moe-test-key' ? account : undefined),
    markets: () => [listing],
    async serve(request) {
      requests.push(request.texts);
      await testMarket.beforeAnswer(request);
      for (const text of request.texts)
        if (text.includes('REFUSE')) throw new MoeError('invalid-input', 'This text is refused.');
      spent += feePerTextMicro * BigInt(request.texts.length);
      return request.texts.map((text) => {
        paid.set(text, (paid.get(text) ?? 0) + 1);
        return {
          answer: float32Bytes(vectorFor(text)),
          receiptId: hashOf('test/receipt/1', text),
          edition: 1,
          missing: [],
          isExamined: false,
          feeMicro: feePerTextMicro,
          tokens: 1,
        };
      });
    },
    receipt: async (id) => testMarket.receipts.get(id),
    blob: async () => undefined,
    balance: () => ({
      availableMicro: 5_000_000n - spent,
      reservedMicro: 250_000n,
      leaving: { amountMicro: 1_500_000n, fromEpoch: 12 },
    }),
    readiness: () => ({ isReady: true, reasons: [], needsRestart: false }),
    status: () => ({
      version: '0.1.0',
      network: 'test',
      startedAtMs: Date.now(),
      markets: [listing],
      experts: [
        {
          ...expert,
          description: 'a test',
          state: 'serving',
          jobs: 4,
          wins: 3,
          callsMade: { jobs: 0, wins: 0 },
          callsAnswered: { jobs: 0, wins: 0 },
          askBps: 5_000,
          meanLoss: 0.125,
          earnedMicro: 1_500_000n,
          slashedMicro: 0n,
          stakeMicro: 10_000_000n,
        },
      ],
      validators: [],
      jobs: { certified: 4, routed: 1, refunded: 0 },
      settledMicro: 40n,
      pendingReceipts: 1,
      ledger: {
        height: 7,
        stateRoot: hashOf('test/state/1', 'x'),
        totalMicro: 100_000_000n,
      },
      attendance: [],
      notices: [],
      history: { records: 4, bytesPerRecord: 500 },
      recentJobs: [],
      ...testMarket.status,
    }),
    regions: async () => testMarket.regions,
    subscribe: () => () => {},
    // What these tests run does not reach the ledger.
    ledger: {} as MarketService['ledger'],
  };
  const gateway: Gateway = await createGateway({
    service,
    port: 0,
    reportError: () => {},
    limits: { statusMaxAgeMs: 0, regionsMaxAgeMs: 0, closeGraceMs: 0 },
  });
  const testMarket: TestMarket = {
    url: gateway.url,
    apiKey: 'moe-test-key',
    paid,
    requests,
    beforeAnswer: async () => {},
    receipts: new Map(),
    regions: [],
    status: {},
    close: () => gateway.close(),
  };
  return testMarket;
}
