import {
  type AccountId,
  encode,
  type Hash,
  hashOf,
  type JobId,
  type MarketId,
  type NodeId,
  verifySignatureAsync,
} from '@market-of-experts/core';
import type { NodeSignature } from '../fields/fields.ts';
import type { CutBody, OrderBody } from './messages.ts';

/**
 * "Under this order number, this job has come to its cut." Validators say it once of a number, or say that the number is void,
 * never both: with enough of their stake behind the one there is never enough behind the other. Experts open their seals only
 * for a job that is noted, so what was delivered cannot be declared void.
 */
export interface NoteBody {
  readonly network: string;
  readonly market: MarketId;
  readonly client: AccountId;
  readonly clientSeq: number;
  readonly job: JobId;
  /** {@link cutHash} */
  readonly cut: Hash;
}
export const noteDomain = 'moe/job-note/1';

function cutHash(cut: CutBody): Hash {
  return hashOf('moe/cut-hash/1', cut);
}

/** What is noted of a job. */
export function noteOf(order: OrderBody, cut: CutBody): NoteBody {
  const { network, market, client, clientSeq } = order;
  return { network, market, client, clientSeq, job: cut.job, cut: cutHash(cut) };
}

/** Those of the signatures that are valid, each signer once. */
export async function signersOfNote(body: NoteBody, notes: readonly NodeSignature[]): Promise<NodeId[]> {
  const bytes = encode([noteDomain, body]);
  const valid = await Promise.all(
    notes.map(({ node, signature }) => verifySignatureAsync(node, bytes, signature)),
  );
  return [...new Set(notes.flatMap(({ node }, index) => (valid[index] === true ? [node] : [])))];
}
