/**
 * `npm run bench -- ledger [--entries 100000] [--accounts 1000000]`: durable signed transfers per second
 * (secp256k1 recovered, synced to disk), the state transition alone, replay, and the bare store's own limit with
 * the same batches on the same disk, in turns with the ledger; the same with a mix of every kind of transaction;
 * then memory, root, proofs and snapshots of a state with many accounts (0 leaves that out).
 */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { ownerKeyFromPrivate, sha256 } from '@market-of-experts/core';
import { embeddedLog, type Log, openLedger, openStore } from '@market-of-experts/ledger';
import {
  applyTransaction,
  defaultNetworkRules,
  emptyState,
  type SignedTransaction,
  signTransaction,
  type TransactionOf,
} from '@market-of-experts/protocol';
import { NETWORK } from '@market-of-experts/testing/ledger-crash/scenario';
import { type MillionAccounts, measureMillionAccounts } from './ledger/million-accounts.ts';
import { printMillionAccounts } from './ledger/million-accounts-table.ts';
import { kindsOf, mixedTransactions } from './ledger/mixed-transactions.ts';

const ROUNDS = 5;
const SENDERS = 64;
const IN_FLIGHT = 4_096;
const MIXED = 20_000;

interface Result {
  readonly durableTxPerSecond: number;
  readonly transitionsPerSecond: number;
  readonly replayMsPer100k: number;
  readonly storeLimitPerSecond: number;
  readonly mixed: Mixed;
  readonly millionAccounts: MillionAccounts | null;
}

/** What it is with every kind of transaction, in the proportions of `ledger/actions.ts`. */
interface Mixed {
  readonly kinds: number;
  readonly transactions: number;
  readonly durableTxPerSecond: number;
  readonly transitionsPerSecond: number;
}

export async function run(options: {
  readonly json: boolean;
  readonly args: readonly string[];
}): Promise<Result> {
  const { values } = parseArgs({
    args: [...options.args],
    options: {
      entries: { type: 'string', default: '100000' },
      accounts: { type: 'string', default: '1000000' },
    },
  });
  const entries = Number(values.entries);
  const accounts = Number(values.accounts);
  if (!Number.isInteger(accounts) || (accounts !== 0 && accounts < 10_000))
    throw new Error('--accounts takes a whole number from 10000 on, or 0, for example --accounts 1000000.');
  if (!Number.isInteger(entries) || entries < 5_000)
    throw new Error('--entries takes a whole number from 5000 on, for example --entries 100000.');
  const root = join(import.meta.dirname, '..', '.bench');
  mkdirSync(root, { recursive: true });
  const directory = mkdtempSync(join(root, 'ledger-'));
  try {
    // First, while nothing else is in memory.
    const millionAccounts =
      accounts === 0 ? null : await measureMillionAccounts(join(directory, 'snapshots'), accounts);
    const transitionsPerSecond = measureTransitions();
    const durable = await measureDurable(directory, entries);
    const mixed = await measureMixed(join(directory, 'mixed'));
    console.log(
      `${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, medians of ${ROUNDS} rounds\n`,
    );
    console.log(`durable signed transfers   ${perSecond(durable.durableTxPerSecond)}   bar   5,000`);
    console.log(`state transitions          ${perSecond(transitionsPerSecond)}   bar 100,000`);
    console.log(`bare store, same batches   ${perSecond(durable.storeLimitPerSecond)}   the disk's limit`);
    console.log(
      `replay of 100,000 entries  ${Math.round(durable.replayMsPer100k).toLocaleString('en').padStart(9)} ms`,
    );
    console.log(`\na mix of all ${mixed.kinds} kinds`);
    console.log(`durable, signed            ${perSecond(mixed.durableTxPerSecond)}`);
    console.log(`state transitions          ${perSecond(mixed.transitionsPerSecond)}`);
    if (millionAccounts !== null) printMillionAccounts(millionAccounts);
    return { transitionsPerSecond, ...durable, mixed, millionAccounts };
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

/** Transfers from number `first` on, or that much of the mix. */
interface SigningTask {
  readonly first: number | 'mix';
  readonly count: number;
}

async function signElsewhere(task: SigningTask): Promise<readonly SignedTransaction[]> {
  const signer = new Worker(new URL(import.meta.url));
  try {
    const signed = once(signer, 'message');
    signer.postMessage(task);
    return (await signed)[0] as readonly SignedTransaction[];
  } finally {
    await signer.terminate();
  }
}

if (!isMainThread)
  parentPort?.once('message', ({ first, count }: SigningTask) => {
    parentPort?.postMessage(
      first === 'mix'
        ? mixedTransactions(count)
        : Array.from({ length: count }, (_, index) =>
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
): Promise<Pick<Result, 'durableTxPerSecond' | 'replayMsPer100k' | 'storeLimitPerSecond'>> {
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
    const signed = await signElsewhere({ first: round * perRound, count: perRound });
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

async function measureMixed(directory: string): Promise<Mixed> {
  process.stderr.write('mix: signing, ');
  const signed = await signElsewhere({ first: 'mix', count: MIXED });
  process.stderr.write('transitions, ');
  const transitions = Array.from({ length: ROUNDS }, () => {
    const state = emptyState();
    const begunMs = performance.now();
    for (const { body } of signed)
      if (!applyTransaction(state, body).applied) throw new Error(`A ${body.kind} was refused.`);
    return (signed.length / (performance.now() - begunMs)) * 1_000;
  });

  process.stderr.write('ledger\n');
  const store = openStore(directory);
  const log = embeddedLog(store);
  const [first, ...rest] = signed;
  const ledger = await openLedger({ log, network: first!.body.network, genesis: first! });
  const perRound = Math.ceil(rest.length / ROUNDS);
  const durable: number[] = [];
  for (let at = 0; at < rest.length; at += perRound) {
    const round = rest.slice(at, at + perRound);
    const begunMs = performance.now();
    await submitAll(round, (transaction) => ledger.submit(transaction));
    durable.push((round.length / (performance.now() - begunMs)) * 1_000);
  }
  if (ledger.totalMicro() !== ledger.settings().supplyMicro) throw new Error('The mix made or lost money.');
  await ledger.close();
  await log.close();
  await store.close();
  return {
    kinds: Object.keys(kindsOf(signed)).length,
    transactions: signed.length,
    durableTxPerSecond: median(durable),
    transitionsPerSecond: median(transitions),
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
