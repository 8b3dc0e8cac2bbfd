import { type MarketId, MoeError, type NodeId, verifyBodyAsync } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import {
  type AnsweredText,
  type ModelVersion,
  modelVersionHash,
  type StatementListBody,
  statementListDomain,
  statementRoot,
  textHashOf,
  textKeyCommitment,
} from '@market-of-experts/protocol';
import type { ListSignature } from '../../messages/protocols.ts';
import type { LedgerView } from '../../view/ledger-view.ts';

/** A list of answers that its expert has signed, checked. */
export interface StatedList {
  readonly body: StatementListBody;
  readonly signature: Uint8Array;
  readonly version: ModelVersion;
  /** One a text that was asked, in their order. */
  readonly answers: readonly AnsweredText[];
}

export interface StatementComponents {
  readonly market: MarketId;
  readonly ledger: Ledger;
  readonly view: LedgerView;
}

/**
 * The list that a worker signed for these texts and answers. All in it that is signed is made up anew from what was asked and answered,
 * so that a statement of another text, vector, node, market or version has another signature. Rejects with `bad-signature`.
 */
export async function statedList(
  { market, ledger, view }: StatementComponents,
  worker: NodeId,
  texts: readonly string[],
  { vectors, statements }: { readonly vectors: readonly Uint8Array[]; readonly statements?: ListSignature },
): Promise<StatedList> {
  if (statements === undefined) throw unstated('it did not sign what it answered');
  const version = ledger.expert(market, worker)?.versions?.at(-1)?.version;
  if (version === undefined) throw unstated('the ledger knows no version of its model');
  const { textKey, epoch, signature } = statements;
  if (modelVersionHash(version) !== statements.version)
    throw unstated('it answered under another version than the one in force');
  if (textKeyCommitment(textKey) !== version.textKey)
    throw unstated('its text key is not the one of its version');
  const running = ledger.settings().epoch;
  // It may have ended while the answer was on its way. Who dates its own statements could date them beyond punishment.
  if (epoch !== running && epoch !== running - 1)
    throw unstated(`it dated its answer in epoch ${epoch}; epoch ${running} is running`);
  const answers = vectors.map((answer, index): AnsweredText => {
    const vector = view.task.statedVector(answer);
    if (vector?.length !== 2 * version.dimensions)
      throw unstated(`it did not answer vectors of ${version.dimensions} numbers, as its version says`);
    return { text: textHashOf(textKey, texts[index]!), vector };
  });
  const body: StatementListBody = {
    network: ledger.network,
    market,
    node: worker,
    version: statements.version,
    epoch,
    size: answers.length,
    root: statementRoot(answers),
  };
  if (!(await verifyBodyAsync(statementListDomain, { body, by: worker, signature })))
    throw unstated('its signature does not fit what it answered');
  return { body, signature, version, answers };
}

export function unstated(why: string): MoeError {
  return new MoeError('bad-signature', `The expert's answer is not taken: ${why}.`);
}
