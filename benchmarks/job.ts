/** Overhead of a full shard job in one process: every message, seal, signature and score, but free encoders. */
import { randomBytes } from 'node:crypto';
import {
  type AccountId,
  generateKeyPair,
  hashOf,
  type MarketId,
  type NodeId,
  signBody,
  systemClock,
  systemRandom,
} from '@moe/core';
import type { ExpertBackend } from '@moe/experts';
import { createMemoryNetwork } from '@moe/network';
import { expertRole, fixedMarketView, runShardJob, ticketBook, validatorRole } from '@moe/node';
import {
  defaultParameters,
  embeddedParameters,
  type MarketParameters,
  orderDomain,
  quantise,
  type Roster,
  rosterHash,
  saltedDataHash,
} from '@moe/protocol';

const words =
  'the market draws a few experts for every text and asks them to answer what the hidden half was before they saw it so that the best of them is found by an objective loss and paid for the work that it did while the others learn where they are weak';

/** A vector from the text alone, in microseconds. */
function freeBackend(name: string): ExpertBackend {
  const vectors = Array.from({ length: 64 }, () => unit(384));
  return {
    name,
    dimensions: 384,
    embed: async (texts) => texts.map((text) => vectors[text.length % 64]!),
    close: async () => undefined,
  };
}

function unit(dimensions: number): Float32Array {
  const vector = Float32Array.from({ length: dimensions }, () => Math.random() - 0.5);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

async function measure(parameters: MarketParameters, jobs: number): Promise<number[]> {
  const network = createMemoryNetwork();
  const expertKeys = Array.from({ length: 12 }, generateKeyPair);
  const validatorKeys = Array.from({ length: parameters.witnesses }, generateKeyPair);
  const books = validatorKeys.map((keys) => ticketBook(keys, hashOf('bench', keys.publicKey), 14));
  const owner = generateKeyPair().publicKey as AccountId;
  const pieces = parameters.distractorPool;
  const calibration = new Map(
    expertKeys.map(
      ({ publicKey }) => [publicKey, Array.from({ length: pieces }, () => quantise(unit(384)))] as const,
    ),
  );
  const roster: Roster = {
    network: 'bench',
    market: 'text-embedding' as MarketId,
    marketOwner: owner,
    beacon: hashOf('bench', 'beacon'),
    batch: 0,
    parameters,
    placesHash: hashOf('bench', 'places'),
    calibrationHash: hashOf('bench', 'calibration'),
    experts: expertKeys.map(({ publicKey }) => ({
      node: publicKey as NodeId,
      owner,
      askMicroPerKilobyte: 100n,
      stakeMicro: 1_000_000_000n,
      onProbation: false,
      calibrationCount: pieces,
      calibrationRoot: hashOf('bench', publicKey),
    })),
    validators: validatorKeys.map(({ publicKey }, index) => ({
      node: publicKey as NodeId,
      stakeMicro: 1_000_000n,
      ticketRoot: books[index]!.root,
    })),
  };
  const centroids = new Int16Array(64 * 384);
  for (let place = 0; place < 64; place += 1) centroids.set(quantise(unit(384)), place * 384);
  const places = { count: 64, dimension: 384, centroids };
  const view = fixedMarketView(roster, places, (node, index) => calibration.get(node)![index]!);
  for (const [index, keys] of validatorKeys.entries())
    validatorRole({ keys })({
      transport: network.connect(keys.publicKey as NodeId),
      view,
      clock: systemClock,
      tickets: () => books[index]!,
    });
  for (const keys of expertKeys)
    expertRole({ keys })({
      transport: network.connect(keys.publicKey as NodeId),
      backend: freeBackend(keys.publicKey),
      view,
      clock: systemClock,
      random: systemRandom,
    });
  const coordinatorKeys = generateKeyPair();
  const clientKeys = generateKeyPair();
  const transport = network.connect(coordinatorKeys.publicKey as NodeId);
  const hash = rosterHash(roster);
  const times: number[] = [];
  for (let clientSeq = 0; clientSeq < jobs; clientSeq += 1) {
    const start = performance.now();
    const salt = new Uint8Array(randomBytes(16));
    const order = signBody(clientKeys, orderDomain, {
      network: roster.network,
      market: roster.market,
      client: clientKeys.publicKey as AccountId,
      clientSeq,
      coordinator: coordinatorKeys.publicKey as NodeId,
      dataHash: saltedDataHash(words, salt),
      bytes: words.length,
      maxFeeMicro: 1_000_000n,
      tipMicro: 0n,
      deadlineMs: 20_000,
    });
    await runShardJob(
      { keys: coordinatorKeys, transport, clock: systemClock },
      { order, roster, rosterHash: hash, text: words, salt, signal: new AbortController().signal },
    );
    times.push(performance.now() - start);
  }
  return times.slice(Math.min(100, jobs / 5)).sort((a, b) => a - b);
}

export async function run({ args }: { json: boolean; args: readonly string[] }): Promise<unknown> {
  const jobs = Number(args[args.indexOf('--jobs') + 1] || 1_000) || 1_000;
  const rows = [];
  for (const [name, parameters] of [
    ['embedded: 3 members, 1 witness', embeddedParameters],
    ['network default: 5 members, 3 witnesses', defaultParameters],
  ] as const) {
    const sorted = await measure(parameters, jobs);
    const total = sorted.reduce((sum, time) => sum + time, 0);
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))]!;
    rows.push({
      name,
      p50Ms: Number(at(0.5).toFixed(3)),
      p99Ms: Number(at(0.99).toFixed(3)),
      jobsPerSecond: Math.round((1_000 * sorted.length) / total),
    });
  }
  console.table(rows);
  const { p50Ms, p99Ms, jobsPerSecond } = rows[0]!;
  return { p50Ms, p99Ms, jobsPerSecond, rows };
}
