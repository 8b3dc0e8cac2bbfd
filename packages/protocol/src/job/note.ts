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
import type { CutBody, Order } from './messages.ts';

/**
 * "Under these order numbers, this job has come to its cut." Validators say it once of a number, or say that the number is void,
 * never both, and of all numbers of a job or of none: with enough of their stake behind the one there is never enough behind the other. Experts open their seals only
 * for a job that is noted, so what was delivered cannot be declared void.
 */
export interface NoteBody {
  readonly network: string;
  readonly market: MarketId;
  /** One for each order of the job, in its order. */
  readonly numbers: readonly { readonly client: AccountId; readonly clientSeq: number }[];
  readonly job: JobId;
  /** {@link cutHash} */
  readonly cut: Hash;
}
export const noteDomain = 'moe/job-note/2';

function cutHash(cut: CutBody): Hash {
  return hashOf('moe/cut-hash/1', cut);
}

/** What is noted of a job. */
export function noteOf(orders: readonly Order[], cut: CutBody): NoteBody {
  const { network, market } = orders[0]!.body;
  const numbers = orders.map(({ body: { client, clientSeq } }) => ({ client, clientSeq }));
  return { network, market, numbers, job: cut.job, cut: cutHash(cut) };
}

/** Those of the signatures that are valid, each signer once. */
export async function signersOfNote(body: NoteBody, notes: readonly NodeSignature[]): Promise<NodeId[]> {
  const bytes = encode([noteDomain, body]);
  const valid = await Promise.all(
    notes.map(({ node, signature }) => verifySignatureAsync(node, bytes, signature)),
  );
  return [...new Set(notes.flatMap(({ node }, index) => (valid[index] === true ? [node] : [])))];
}
