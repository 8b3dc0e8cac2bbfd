import type { Hash, NodeId } from '@market-of-experts/core';
import { type ModelVersion, modelVersionHash } from '@market-of-experts/protocol';
import type { ListSignature } from '../../messages/protocols.ts';
import { type FoundContradiction, keptStatements } from './kept-statements.ts';
import { type StatedList, type StatementComponents, statedList, unstated } from './stated-list.ts';

/** Evidence against an expert, and what it is about. */
export interface ContradictingExpert extends FoundContradiction {
  readonly node: NodeId;
  readonly version: ModelVersion;
}

/** Takes what experts answer only as statements, and holds what they say now against what they said before. */
export interface StatementChecker {
  /**
   * The list that the worker signed. Rejects with `bad-signature` where it did not, or contradicts what it has stated before: which of
   * the two is true nobody knows, so neither is delivered.
   */
  check(
    worker: NodeId,
    texts: readonly string[],
    response: { readonly vectors: readonly Uint8Array[]; readonly statements?: ListSignature },
    mayBeShown: boolean,
  ): Promise<StatedList>;
  /** Whether it has contradicted itself under the version that is in force. */
  isLeftOut(worker: NodeId): boolean;
}

export interface StatementCheckerComponents extends StatementComponents {
  readonly nameOf: (node: NodeId) => string;
  readonly onWarning: (message: string) => void;
  /** Told of what may be shown to everybody. */
  readonly onContradiction?: ((found: ContradictingExpert) => void) | undefined;
}

export function statementChecker(components: StatementCheckerComponents): StatementChecker {
  const { market, ledger } = components;
  const kept = keptStatements();
  /** By node, the version under which it contradicted itself. Only registered experts get here. */
  const leftOut = new Map<NodeId, Hash>();

  const leaveOut = (list: StatedList, found: FoundContradiction): void => {
    const { node, version } = list.body;
    const name = components.nameOf(node);
    if (leftOut.get(node) !== version) {
      leftOut.set(node, version);
      const what = found.mayBeShown
        ? 'The ledger is shown both.'
        : 'The text is a client’s, so nobody is shown it.';
      components.onWarning(
        `${name} answered one text with two vectors under one version of its model: it is left out of service until it sets another. ${what}`,
      );
    }
    if (found.mayBeShown) components.onContradiction?.({ ...found, node, version: list.version });
  };

  return {
    async check(worker, texts, response, mayBeShown) {
      const list = await statedList(components, worker, texts, response);
      const found = kept.take(list, mayBeShown);
      if (found === undefined) return list;
      leaveOut(list, found);
      throw unstated('it contradicts what it stated before');
    },
    isLeftOut(worker) {
      const version = leftOut.get(worker);
      if (version === undefined) return false;
      const inForce = ledger.expert(market, worker)?.versions?.at(-1)?.version;
      if (inForce !== undefined && modelVersionHash(inForce) === version) return true;
      leftOut.delete(worker);
      return false;
    },
  };
}
