import { type Clock, type NodeId, verifySignatureAsync } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import {
  attendanceOf,
  hasThirdOfSeats,
  hasTwoThirds,
  innerSignatures,
  type NodeSignature,
  quorumOf,
  type TransactionOf,
} from '@market-of-experts/protocol';

type Signable = TransactionOf<'settle'> | TransactionOf<'endEpoch'>;

export interface CollectInit {
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** What is to be signed, without signatures. */
  readonly transaction: Signable;
  /** Asks one validator. */
  readonly ask: (node: NodeId, signal: AbortSignal) => Promise<NodeSignature>;
  readonly signal?: AbortSignal;
}

export interface Collected {
  readonly signatures: readonly NodeSignature[];
  readonly isQuorum: boolean;
  /** Why one of the others did not sign. */
  readonly failure: unknown;
}

/** So long those are waited for whose signatures are not needed any more: they show that they are there. */
const graceMs = 500;

/**
 * Asks all validators that are present, and stops shortly after those who have signed are enough: nobody waits long for one that
 * is dead and not yet known to be. An answer that is no valid signature of its sender counts as none: one of them would
 * have the whole transaction refused.
 */
export async function collectSignatures(init: CollectInit): Promise<Collected> {
  const { ledger, clock, transaction } = init;
  const over = new AbortController();
  const stop = (): void => over.abort(init.signal?.reason);
  if (init.signal?.aborted) stop();
  init.signal?.addEventListener('abort', stop, { once: true });
  const signatures: NodeSignature[] = [];
  let failure: unknown;
  let isQuorum = false;
  const asked = ledger
    .validators()
    .filter((validator) => attendanceOf(validator) === 'present')
    .map(async ({ node }) => {
      try {
        const signature = await init.ask(node, over.signal);
        if (signature.node !== node || !(await isValid({ ...transaction, signatures: [signature] })))
          throw new Error(`Validator ${node} answered with what is not its signature.`);
        signatures.push(signature);
        if (isQuorum || over.signal.aborted) return;
        const quorum = quorumOf(ledger.tables(), signatures);
        isQuorum = hasTwoThirds(quorum) && hasThirdOfSeats(quorum);
        if (isQuorum)
          clock.sleep(graceMs, over.signal).then(
            () => over.abort(),
            () => undefined,
          );
      } catch (error) {
        if (!over.signal.aborted) failure = error;
      }
    });
  try {
    await Promise.all(asked);
  } finally {
    init.signal?.removeEventListener('abort', stop);
    over.abort();
  }
  return { signatures, isQuorum, failure };
}

async function isValid(transaction: Signable): Promise<boolean> {
  const [required] = innerSignatures(transaction);
  return verifySignatureAsync(required!.by, required!.bytes, required!.signature);
}
