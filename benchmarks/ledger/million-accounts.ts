import { createHash, hash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { AccountId, Hash } from '@market-of-experts/core';
import { encode } from '@market-of-experts/core';
import { fileSnapshots } from '@market-of-experts/ledger';
import { emptyState, type LedgerState, StateTree, verifyAccountProof } from '@market-of-experts/protocol';
import { NETWORK } from '@market-of-experts/testing/ledger-crash/scenario';

const CHANGED = 2_048;
const SLICE_RECORDS = 512;
const SIBLING_BYTES = 33;

export interface MillionAccounts {
  readonly accounts: number;
  readonly stateBytesPerAccount: number;
  readonly treeBytesPerAccount: number;
  /** One SHA-256 of 83 bytes, what an inner node takes: the yardstick of the roots. */
  readonly hashMicroseconds: number;
  readonly firstRootMs: number;
  /** Hashes that a first root cannot do without, at the bare rate: path, record, leaf and inner node of each account. */
  readonly firstRootLimitMs: number;
  readonly firstRootPauseMs: number;
  readonly rootAfterChangesMs: number;
  readonly changedAccounts: number;
  /** The same for the hashes of that many changes. */
  readonly rootAfterChangesLimitMs: number;
  readonly proofBytes: number;
  readonly proofSiblings: number;
  readonly proveMicroseconds: number;
  readonly verifyMicroseconds: number;
  readonly snapshotBytes: number;
  readonly snapshotSaveMs: number;
  /** Writing and hashing as many bytes, and nothing else. */
  readonly snapshotSaveLimitMs: number;
  readonly snapshotSavePauseMs: number;
  readonly snapshotLoadMs: number;
  readonly snapshotLoadPauseMs: number;
}

/** A state with so many accounts: its memory, root, proofs and snapshot. */
export async function measureMillionAccounts(directory: string, accounts: number): Promise<MillionAccounts> {
  process.stderr.write(`${accounts.toLocaleString('en')} accounts: state, `);
  const empty = await bytesInUse();
  const state = stateWith(accounts);
  const filled = await bytesInUse();

  process.stderr.write('root, ');
  const hashMicroseconds = measureHash();
  const tree = new StateTree(state);
  const first = await watched(async () => {
    while (!tree.advance(SLICE_RECORDS)) await turn();
    return tree.root();
  });
  const withTree = await bytesInUse();
  const rootAfterChangesMs = median(
    Array.from({ length: 5 }, (_, round) => changeAndRoot(state, tree, round)),
  );

  process.stderr.write('proofs, ');
  const proofs = measureProofs(tree, accounts);

  process.stderr.write('snapshot\n');
  const snapshots = fileSnapshots(directory);
  const place = { network: NETWORK, height: 1, headHash: tree.root() };
  const saved = await watched(() => snapshots.save({ ...place, records: recordsOf(state) }));
  const [name] = readdirSync(directory);
  const snapshotBytes = statSync(join(directory, name!)).size;
  const snapshotSaveLimitMs = writeBytes(join(directory, 'limit'), snapshotBytes);
  const loaded = await watched(async () => {
    for await (const snapshot of snapshots.newestFirst((message) => {
      throw new Error(message);
    }))
      return snapshot.state.accounts.size;
    return 0;
  });
  if (loaded.result !== state.accounts.size) throw new Error('The snapshot lost accounts.');
  return {
    accounts,
    stateBytesPerAccount: (filled - empty) / accounts,
    treeBytesPerAccount: (withTree - filled) / accounts,
    hashMicroseconds,
    firstRootMs: first.ms,
    firstRootLimitMs: (4 * accounts * hashMicroseconds) / 1_000,
    firstRootPauseMs: first.pauseMs,
    rootAfterChangesMs,
    changedAccounts: CHANGED,
    // Path, record and leaf of each; above them the inner nodes, of which the top ones are shared.
    rootAfterChangesLimitMs: (CHANGED * (4 + Math.log2(accounts / CHANGED)) * hashMicroseconds) / 1_000,
    ...proofs,
    snapshotBytes,
    snapshotSaveMs: saved.ms,
    snapshotSaveLimitMs,
    snapshotSavePauseMs: saved.pauseMs,
    snapshotLoadMs: loaded.ms,
    snapshotLoadPauseMs: loaded.pauseMs,
  };
}

function addressOf(index: number): AccountId {
  return `0x${hash('sha256', `bench/account/${index}`).slice(0, 40)}` as AccountId;
}

function stateWith(accounts: number): LedgerState {
  const state = emptyState();
  for (let index = 0; index < accounts; index += 1)
    state.accounts.set(addressOf(index), {
      balanceMicro: BigInt(index) * 1_000_003n,
      nonce: index % 1_000,
    });
  return state;
}

function* recordsOf(state: LedgerState): Generator<readonly ['accounts', string, unknown]> {
  for (const [key, record] of state.accounts) yield ['accounts', key, record];
}

function changeAndRoot(state: LedgerState, tree: StateTree, round: number): number {
  const step = Math.floor(state.accounts.size / CHANGED);
  for (let index = 0; index < CHANGED; index += 1) {
    const key = addressOf(index * step + round);
    const account = state.accounts.get(key)!;
    state.accounts.set(key, { ...account, nonce: account.nonce + 1 });
    tree.touch('accounts', key);
  }
  const begunMs = performance.now();
  tree.root();
  return performance.now() - begunMs;
}

function measureProofs(
  tree: StateTree,
  accounts: number,
): Pick<MillionAccounts, 'proofBytes' | 'proofSiblings' | 'proveMicroseconds' | 'verifyMicroseconds'> {
  const count = 2_000;
  const root: Hash = tree.root();
  const picked = Array.from({ length: count }, (_, index) => addressOf((index * 48_271) % accounts));
  for (const account of picked) verifyAccountProof(root, tree.proveAccount(account));
  const begunMs = performance.now();
  const proofs = picked.map((account) => tree.proveAccount(account));
  const madeMs = performance.now();
  const areValid = proofs.every((proof) => verifyAccountProof(root, proof));
  const verifiedMs = performance.now();
  if (!areValid) throw new Error('A proof did not hold.');
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    proofBytes: mean(proofs.map((proof) => encode(proof).length)),
    proofSiblings: mean(proofs.map(({ siblings }) => siblings.length / SIBLING_BYTES)),
    proveMicroseconds: ((madeMs - begunMs) / count) * 1_000,
    verifyMicroseconds: ((verifiedMs - madeMs) / count) * 1_000,
  };
}

function measureHash(): number {
  const message = Buffer.alloc(83, 7);
  const count = 200_000;
  return median(
    Array.from({ length: 5 }, () => {
      const begunMs = performance.now();
      for (let index = 0; index < count; index += 1) {
        message[0] = index;
        hash('sha256', message);
      }
      return ((performance.now() - begunMs) / count) * 1_000;
    }),
  );
}

function writeBytes(path: string, bytes: number): number {
  const block = Buffer.alloc(64 * 1024, 7);
  const begunMs = performance.now();
  const file = openSync(path, 'w');
  const digest = createHash('sha256');
  for (let written = 0; written < bytes; written += block.length) {
    digest.update(block);
    writeSync(file, block);
  }
  digest.digest();
  fsyncSync(file);
  closeSync(file);
  return performance.now() - begunMs;
}

/** Runs `work`; how long it took, and the longest time that a timer had to wait meanwhile. */
async function watched<Result>(
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly ms: number; readonly pauseMs: number }> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await sleep(20);
  delay.reset();
  const begunMs = performance.now();
  const result = await work();
  const ms = performance.now() - begunMs;
  await sleep(20);
  delay.disable();
  return { result, ms, pauseMs: delay.max / 1e6 };
}

const collectGarbage = ((): (() => void) => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

async function bytesInUse(): Promise<number> {
  for (let round = 0; round < 2; round += 1) {
    collectGarbage();
    await turn();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
