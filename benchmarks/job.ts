/** Overhead of a full shard job in one process: every message, seal, signature and score, but free encoders. */
import { randomBytes } from 'node:crypto';
import { cpus, loadavg } from 'node:os';
import {
  type AccountId,
  generateKeyPair,
  hashOf,
  type MarketId,
  type NodeId,
  setSignatureMemo,
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

interface Measured {
  /** Sorted. */
  readonly timesMs: readonly number[];
  /** Of the whole process (all threads), jobs after the warm-up. Says more than times on a busy machine. */
  readonly cpuMsPerJob: number;
}

async function measure(parameters: MarketParameters, jobs: number): Promise<Measured> {
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
  const timesMs: number[] = [];
  const warmUp = Math.min(100, Math.floor(jobs / 5));
  let cpuBefore = process.cpuUsage();
  for (let clientSeq = 0; clientSeq < jobs; clientSeq += 1) {
    if (clientSeq === warmUp) cpuBefore = process.cpuUsage();
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
      deadlineMs: systemClock.nowMs() + 30_000,
    });
    await runShardJob(
      { keys: coordinatorKeys, transport, clock: systemClock },
      { order, roster, rosterHash: hash, text: words, salt, signal: new AbortController().signal },
    );
    timesMs.push(performance.now() - start);
  }
  const cpu = process.cpuUsage(cpuBefore);
  return {
    timesMs: timesMs.slice(warmUp).sort((a, b) => a - b),
    cpuMsPerJob: (cpu.user + cpu.system) / 1_000 / (jobs - warmUp),
  };
}

const rowInits = [
  { name: '3 members, 1 witness (embedded)', parameters: embeddedParameters, isShared: true },
  { name: '3 members, 1 witness, own checks', parameters: embeddedParameters, isShared: false },
  { name: '5 members, 3 witnesses (network)', parameters: defaultParameters, isShared: true },
  { name: '5 members, 3 witnesses, own checks', parameters: defaultParameters, isShared: false },
] as const;

export async function run({ json, args }: { json: boolean; args: readonly string[] }): Promise<unknown> {
  const jobs = Number(args[args.indexOf('--jobs') + 1] || 1_000) || 1_000;
  const rows = [];
  for (const { name, parameters, isShared } of rowInits) {
    setSignatureMemo(isShared);
    const { timesMs, cpuMsPerJob } = await measure(parameters, jobs);
    const total = timesMs.reduce((sum, time) => sum + time, 0);
    const at = (share: number): number => timesMs[Math.floor(share * (timesMs.length - 1))]!;
    rows.push({
      name,
      p50Ms: Number(at(0.5).toFixed(3)),
      p99Ms: Number(at(0.99).toFixed(3)),
      cpuMsPerJob: Number(cpuMsPerJob.toFixed(3)),
      jobsPerSecond: Math.round((1_000 * timesMs.length) / total),
    });
  }
  setSignatureMemo(true);
  const { p50Ms, p99Ms, jobsPerSecond } = rows[0]!;
  const [load] = loadavg();
  if (!json) {
    console.log(
      `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}, load average ${load!.toFixed(1)}`,
    );
    console.table(rows);
    console.log(
      'One job at a time, all roles in one process. They share what they know of signatures: one that was made or\n' +
        'checked here is not checked again. "Own checks": every role checks every signature itself, as on machines\n' +
        'of their own; the CPU time is then that of all of them together.',
    );
    console.log(`\nat most 5 ms in process: ${p50Ms <= 5 ? 'met' : 'MISSED'}`);
  }
  return { p50Ms, p99Ms, jobsPerSecond, load, rows };
}
