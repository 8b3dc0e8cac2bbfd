/** An expert behind an OpenAI-compatible server on this machine, which fails in every way that servers do. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NodeId } from '@market-of-experts/core';
import { openAiBackend } from '@market-of-experts/models';
import { embeddedParameters } from '@market-of-experts/protocol';
import { steppedClock } from '@market-of-experts/testing/stepped-clock';
import {
  blend,
  embedOne,
  expert,
  failedChecks,
  longText,
  openTestMarket,
  receiptOf,
  temporaryDirectory,
} from '@market-of-experts/testing/test-market';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { EmbeddedMarket } from '../src/embedded-market.ts';

type Behaviour =
  | 'good'
  | 'hangs'
  | 'crashes'
  | 'wrong dimensions'
  | 'NaN'
  | 'refuses'
  | 'fails after its commit';

const clock = steppedClock();
/** More than an expert that fails steps out for. */
const longestPauseMs = 601_000;
const supplyMicro = 10_000_000_000_000n;
const directory = temporaryDirectory();
const model = blend('served', 0.55);
let behaviour: Behaviour = 'good';
let server: Server;
let market: EmbeddedMarket;
let node: NodeId;
let backend: Awaited<ReturnType<typeof openAiBackend>>;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { input } = JSON.parse(body) as { input: string[] };
    const isLate = behaviour === 'fails after its commit' && input.length > embeddedParameters.batchTexts;
    if (behaviour === 'hangs') return;
    if (behaviour === 'crashes' || isLate) return void response.destroy();
    response.setHeader('content-type', 'application/json');
    if (behaviour === 'refuses') {
      response.statusCode = 400;
      response.end(JSON.stringify({ error: { message: 'no' } }));
      return;
    }
    const vectors = await model.embed(input);
    const data = vectors.map((vector, index) => ({
      index,
      embedding: behaviour === 'wrong dimensions' ? [...vector].slice(0, 100) : [...vector],
    }));
    const text = JSON.stringify({ object: 'list', model: 'served', data });
    response.end(behaviour === 'NaN' ? text.replace(/\[(-?[\d.e-]+),/g, '[NaN,') : text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  backend = await openAiBackend({
    name: 'served',
    baseUrl: `http://127.0.0.1:${port}/v1`,
    model: 'served',
    dimensions: 384,
    timeoutMs: 2_000,
    maxRetries: 0,
  });
  market = await openTestMarket(directory.path, {
    clock,
    // No epoch ends meanwhile: what it pays would be new money.
    epochMs: 86_400_000,
    // A server that hangs holds up a stage for this long.
    parameters: {
      probationJobs: 0,
      // Nobody calls a friend: what happens to the served expert is then its own doing.
      maximumClaims: 0,
      cutGraceMs: 50,
      sealedDeadlineMs: 6_000,
      fullDeadlineMs: 6_000,
      revealDeadlineMs: 6_000,
    },
  });
  node = await market.experts.add(expert('served', backend));
});
afterAll(async () => {
  await market.close();
  await backend.close();
  server.closeAllConnections();
  server.close();
  directory.remove();
});
afterEach(() => expect(market.ledger.totalMicro() + market.ledger.settings().burntMicro).toBe(supplyMicro));

interface Certificate {
  readonly body: {
    readonly members: readonly {
      readonly principal: string;
      readonly outcome: string;
      readonly losses: unknown;
      readonly slashMicro: string;
    }[];
  };
}

type Seat = Certificate['body']['members'][number];

/**
 * Runs jobs until the served expert sat in one; all of them must succeed and verify. Undefined when a seat stayed empty before, which
 * is its own while it declines.
 */
async function jobWithServed({ mayDecline }: { readonly mayDecline: boolean }): Promise<Seat | undefined> {
  // After a few failures it steps out of the draw for a while.
  clock.advance(longestPauseMs);
  for (let job = 0; job < 200; job += 1) {
    const { examId: receiptId } = await embedOne(market, longText(Math.floor(Math.random() * 1e6)), 'shard');
    const receipt = await receiptOf(market, receiptId);
    expect(await failedChecks(market, receipt)).toEqual([]);
    const { members } = (receipt.certificate as Certificate).body;
    const served = members.find(({ principal }) => principal === node);
    if (served !== undefined) return served;
    if (members.length < 3 && mayDecline) return undefined;
  }
  throw new Error('The served expert was never drawn.');
}

it('takes part while its server answers', async () => {
  const served = await jobWithServed({ mayDecline: false });
  expect(served).toMatchObject({ outcome: 'scored', slashMicro: '0' });
});

it.each(['crashes', 'refuses', 'wrong dimensions', 'NaN', 'hangs'] as const)(
  'declines while its server %s: it is neither paid nor punished, and the others go on',
  async (how) => {
    behaviour = how;
    const stakeBefore = stakeOf();
    const served = await jobWithServed({ mayDecline: true });
    if (served !== undefined)
      expect(served).toMatchObject({ outcome: 'declined', losses: [null], slashMicro: '0' });
    expect(stakeOf()).toBe(stakeBefore);
    behaviour = 'good';
  },
);

it('is slashed when it fails after its commit, and serves again when it can', async () => {
  behaviour = 'fails after its commit';
  const stakeBefore = stakeOf();
  const served = await jobWithServed({ mayDecline: false });
  expect(served?.losses).toEqual([null]);
  expect(BigInt(served!.slashMicro)).toBeGreaterThan(0n);
  await vi.waitFor(() => expect(stakeBefore - stakeOf()).toBe(BigInt(served!.slashMicro)));
  behaviour = 'good';
  expect(await jobWithServed({ mayDecline: false })).toMatchObject({ outcome: 'scored', slashMicro: '0' });
});

function stakeOf(): bigint {
  return market.service.status().experts.find(({ id }) => id === node)!.stakeMicro;
}
