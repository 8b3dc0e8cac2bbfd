import { type KeyPair, type OwnerKey, senderOf } from '@market-of-experts/core';
import {
  accountOf,
  applyTransaction,
  type LedgerState,
  signTransaction,
  stateRoot,
  type Transaction,
} from '@market-of-experts/protocol';
import fc from 'fast-check';
import {
  MARKET,
  NETWORK,
  nodeId,
  owners,
  treasury,
  validatorOwner,
  validators,
} from '../../benchmarks/ledger/cast.ts';
import { anyTransaction } from '../../packages/protocol/test/ledger/transaction/transaction-arbitrary.ts';
import { type Fingerprints, fingerprintOf } from './recording.ts';

const tried = 1_000;
const sentByNodes: ReadonlySet<string> = new Set(['commitWeights', 'revealWeights', 'heartbeat']);
const sentByTreasury: ReadonlySet<string> = new Set(['deposit', 'rollCall', 'endEpoch']);

/** Random transactions of every kind: their bytes, their senders' signatures, and what the rules say to each. */
export function anyTransactions(state: LedgerState): Fingerprints {
  const samples = fc.sample(anyTransaction, { seed: 1, numRuns: tried });
  const said = samples.map((sample, index) => {
    const keys = signerOf(sample, index);
    const from = senderOf(keys);
    const { nonce } = accountOf(state, from);
    const transaction = { ...aimed(sample, index), network: NETWORK, from, nonce } as Transaction;
    const { signature } = signTransaction(keys, transaction);
    const outcome = applyTransaction(state, transaction);
    const verdict = outcome.applied ? 'applied' : outcome.code;
    return `${sample.kind} ${verdict} ${fingerprintOf([transaction, signature])}`;
  });
  return { said, root: stateRoot(state) };
}

/** Most are about something that the ledger knows: else all would be refused for the same reason. */
function aimed(sample: Transaction, index: number): Transaction {
  if (index % 8 === 0) return sample;
  const node = nodeId(validators[index % validators.length]!);
  const isExpert = 'target' in sample && sample.target.role === 'expert';
  return {
    ...sample,
    ...('market' in sample && sample.kind !== 'createMarket' ? { market: MARKET } : {}),
    ...('target' in sample && !isExpert ? { target: { role: 'validator', node } } : {}),
    ...('amountMicro' in sample ? { amountMicro: 1n + (sample.amountMicro % 1_000_000n) } : {}),
  } as Transaction;
}

function signerOf({ kind }: Transaction, index: number): OwnerKey | KeyPair {
  if (sentByNodes.has(kind)) return validators[index % validators.length]!;
  if (sentByTreasury.has(kind)) return treasury;
  return index % 4 === 1 ? validatorOwner : owners[index % owners.length]!;
}
