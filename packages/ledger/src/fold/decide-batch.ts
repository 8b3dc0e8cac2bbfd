import { type Hash, MoeError, messageOf, toHex } from '@market-of-experts/core';
import {
  accountOf,
  applyTransaction,
  type Draft,
  draftOn,
  type LedgerState,
  type StateView,
} from '@market-of-experts/protocol';
import { chainEntry, type LedgerEntry, type SealedTransaction } from '../log/entry.ts';
import type { Placed } from './ledger.ts';
import type { Submission } from './submissions.ts';

/** What a submission gets once its batch is through: its place, or why it was refused. */
type Outcome = Placed | MoeError;

/** Where a log ends: its number of entries, the chain hash of the last one, and the state that they fold to. */
export interface LogEnd {
  readonly height: number;
  readonly chainHash: Uint8Array;
  readonly state: LedgerState;
}

/** A batch that was applied to a draft. */
export interface DecidedBatch {
  readonly draft: Draft;
  readonly entries: readonly LedgerEntry[];
  readonly bytes: readonly Uint8Array[];
  /** After the last of them. */
  readonly chainHash: Uint8Array;
  /** Of the submissions from the first on, as far as they were decided; at least one. */
  readonly outcomes: readonly Outcome[];
}
type Growing = { -readonly [Field in keyof DecidedBatch]: DecidedBatch[Field] } & {
  readonly entries: LedgerEntry[];
  readonly bytes: Uint8Array[];
  readonly outcomes: Outcome[];
};

/**
 * What becomes of a batch after the end of the log. Where the rules themselves stumble over a submission (they throw instead of
 * refusing), only those before it are decided; it is refused when it comes first.
 */
export function decideBatch(end: LogEnd, batch: readonly Submission[]): DecidedBatch {
  const draft = draftOn(end.state);
  const decided: Growing = { draft, entries: [], bytes: [], chainHash: end.chainHash, outcomes: [] };
  for (const [position, submission] of batch.entries())
    try {
      decided.outcomes.push(decideOn(submission, end.height, decided));
    } catch (error) {
      // The draft that the rules stumbled in is half changed: the others before it are decided again without it.
      if (position > 0) return decideBatch(end, batch.slice(0, position));
      return { ...decided, draft: draftOn(end.state), outcomes: [asRefusal(error)] };
    }
  return decided;
}

function decideOn(submission: Submission, height: number, decided: Growing): Outcome {
  if (submission.validity !== 'valid') return invalidSignature();
  const sealed = inTurn(decided.draft, submission);
  const decision = applyTransaction(decided.draft, sealed.transaction);
  if (!decision.applied) return new MoeError(decision.code, decision.message);
  const index = height + decided.entries.length;
  const { bytes, hash } = chainEntry(decided.chainHash, sealed);
  decided.chainHash = hash;
  decided.bytes.push(bytes);
  decided.entries.push({ ...sealed, index, by: sealed.transaction.from, hash: toHex(hash) as Hash });
  return { index };
}

/** Brings a transaction into line whose nonce no longer fits because one before it was refused. */
function inTurn(view: StateView, { sealed, resign }: Submission): SealedTransaction {
  const { from, nonce } = sealed.transaction;
  const due = accountOf(view, from).nonce;
  return nonce === due || resign === undefined ? sealed : resign(due);
}

/** The refusal of a transaction over which the rules threw. */
function asRefusal(error: unknown): MoeError {
  if (error instanceof MoeError) return error;
  return new MoeError(
    'transaction-failed',
    `The transaction cannot be carried out: the rules failed on it (${messageOf(error)}). Nothing was changed; please report it.`,
    { cause: error },
  );
}

export function invalidSignature(): MoeError {
  return new MoeError(
    'invalid-signature',
    'A signature on the transaction does not hold: sign exactly this transaction with the keys it names.',
  );
}
