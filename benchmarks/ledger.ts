/**
 * `npm run bench -- ledger [--entries 100000]`: durable signed transfers per second (secp256k1 recovered, synced
 * to disk), the state transition alone, replay, and the bare store's own limit with the same batches on the
 * same disk, in turns with the ledger.
 */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { ownerKeyFromPrivate, sha256 } from '@moe/core';
import { embeddedLog, type Log, openLedger, openStore } from '@moe/ledger';
import { NETWORK } from '@moe/ledger/crash';
import {
  applyTransaction,
  defaultNetworkRules,
  emptyState,
  type SignedTransaction,
  signTransaction,
  type TransactionOf,
} from '@moe/protocol';

const ROUNDS = 5;
const SENDERS = 64;
const IN_FLIGHT = 4_096;

interface Result {
  readonly durableTxPerSecond: number;
  readonly transitionsPerSecond: number;
  readonly replayMsPer100k: number;
  readonly storeLimitPerSecond: number;
}

export async function run(options: {
  readonly json: boolean;
  readonly args: readonly string[];
}): Promise<Result> {
  const { values } = parseArgs({
    args: [...options.args],
    options: { entries: { type: 'string', default: '100000' } },
  });
  const entries = Number(values.entries);
  if (!Number.isInteger(entries) || entries < 5_000)
    throw new Error('--entries takes a whole number from 5000 on, for example --entries 100000.');
  const root = join(import.meta.dirname, '..', '.bench');
  mkdirSync(root, { recursive: true });
  const directory = mkdtempSync(join(root, 'ledger-'));
  try {
    const transitionsPerSecond = measureTransitions();
    const result = { transitionsPerSecond, ...(await measureDurable(directory, entries)) };
    const { durableTxPerSecond, replayMsPer100k, storeLimitPerSecond } = result;
    console.log(
      `${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, medians of ${ROUNDS} rounds\n`,
    );
    console.log(`durable signed transfers   ${perSecond(durableTxPerSecond)}   bar   5,000`);
    console.log(`state transitions          ${perSecond(transitionsPerSecond)}   bar 100,000`);
    console.log(`bare store, same batches   ${perSecond(storeLimitPerSecond)}   the disk's limit`);
    console.log(
      `replay of 100,000 entries  ${Math.round(replayMsPer100k).toLocaleString('en').padStart(9)} ms`,
    );
    return { durableTxPerSecond, transitionsPerSecond, replayMsPer100k, storeLimitPerSecond };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const senders = Array.from({ length: SENDERS }, (_, index) =>
  ownerKeyFromPrivate(sha256(Buffer.from(`bench/ledger/${index}`))),
);

function genesis(): SignedTransaction {
  return signTransaction(senders[0]!, {
    network: NETWORK,
    from: senders[0]!.address,
    nonce: 0,
    kind: 'genesis',
    atMs: 0,
    rules: defaultNetworkRules,
    minValidatorStakeMicro: 1n,
    balances: senders.map((keys) => ({ account: keys.address, amountMicro: 10n ** 12n })),
    markets: [],
  });
}

/** Transfer number `index`; the first sender's nonce 0 went into the genesis. */
function transfer(index: number): TransactionOf<'transfer'> {
  const sender = index % SENDERS;
  return {
    network: NETWORK,
    from: senders[sender]!.address,
    nonce: Math.floor(index / SENDERS) + (sender === 0 ? 1 : 0),
    kind: 'transfer',
    to: senders[(index * 7 + 1) % SENDERS]!.address,
    amountMicro: BigInt(1 + (index % 1_000)),
  };
}

interface SigningTask {
  readonly first: number;
  readonly count: number;
}

async function signElsewhere(first: number, count: number): Promise<readonly SignedTransaction[]> {
  const signer = new Worker(new URL(import.meta.url));
  try {
    const signed = once(signer, 'message');
    signer.postMessage({ first, count } satisfies SigningTask);
    return (await signed)[0] as readonly SignedTransaction[];
  } finally {
    await signer.terminate();
  }
}

if (!isMainThread)
  parentPort?.once('message', ({ first, count }: SigningTask) => {
    parentPort?.postMessage(
      Array.from({ length: count }, (_, index) =>
        signTransaction(senders[(first + index) % SENDERS]!, transfer(first + index)),
      ),
    );
  });

function measureTransitions(): number {
  const count = 200_000;
  const transfers = Array.from({ length: count }, (_, index) => transfer(index));
  const first = genesis().body;
  return median(
    Array.from({ length: ROUNDS }, () => {
      const state = emptyState();
      applyTransaction(state, first);
      const begunMs = performance.now();
      for (const transaction of transfers)
        if (!applyTransaction(state, transaction).applied) throw new Error('A transfer was refused.');
      return (count / (performance.now() - begunMs)) * 1_000;
    }),
  );
}

async function measureDurable(
  directory: string,
  entries: number,
): Promise<Omit<Result, 'transitionsPerSecond'>> {
  const store = openStore(join(directory, 'ledger'));
  const bareStore = openStore(join(directory, 'bare'));
  const log = embeddedLog(store);
  const batches: number[] = [];
  let payloadBytes = 0;
  const counted: Log = {
    ...log,
    append: (batch) => {
      batches.push(batch.length);
      payloadBytes = batch[0]?.length ?? payloadBytes;
      return log.append(batch);
    },
  };
  const ledger = await openLedger({ log: counted, network: NETWORK, genesis: genesis() });
  const bare = bareStore.table<number>('log');
  let bareIndex = 0;
  const perRound = Math.floor(entries / ROUNDS);
  const durable: number[] = [];
  const limit: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    process.stderr.write(`round ${round + 1} of ${ROUNDS}: signing, `);
    const signed = await signElsewhere(round * perRound, perRound);
    batches.length = 0;
    process.stderr.write('ledger, ');
    const begunMs = performance.now();
    await submitAll(signed, (transaction) => ledger.submit(transaction));
    durable.push((perRound / (performance.now() - begunMs)) * 1_000);

    process.stderr.write('bare store\n');
    const payload = Buffer.alloc(payloadBytes, 7);
    const bareBegunMs = performance.now();
    for (const size of batches)
      await bareStore.write(() => {
        for (let index = 0; index < size; index += 1) bare.put(bareIndex++, payload);
      });
    limit.push((perRound / (performance.now() - bareBegunMs)) * 1_000);
  }
  await ledger.close();

  const replays: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    process.stderr.write(`replay ${round + 1} of 3\n`);
    const begunMs = performance.now();
    const again = await openLedger({ log, network: NETWORK });
    replays.push(((performance.now() - begunMs) / again.height()) * 100_000);
    if (again.stateRoot() !== ledger.stateRoot()) throw new Error('Replay gave another state.');
    await again.close();
  }
  await log.close();
  await Promise.all([store.close(), bareStore.close()]);
  return {
    durableTxPerSecond: median(durable),
    replayMsPer100k: median(replays),
    storeLimitPerSecond: median(limit),
  };
}

async function submitAll(
  transactions: readonly SignedTransaction[],
  submit: (transaction: SignedTransaction) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < transactions.length) await submit(transactions[next++]!);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, client));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

function perSecond(value: number): string {
  return `${Math.round(value).toLocaleString('en').padStart(9)} /s`;
}
