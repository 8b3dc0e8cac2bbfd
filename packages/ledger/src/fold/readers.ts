import type { AccountId, Hash } from '@market-of-experts/core';
import {
  accountOf,
  expertKey,
  prepaidKey,
  previewTransaction,
  weightCommitKey,
} from '@market-of-experts/protocol';
import { areInnerSignaturesValid } from '../log/entry.ts';
import { invalidSignature } from './decide-batch.ts';
import type { LedgerReaders } from './ledger.ts';
import type { TrackedState } from './tracked-state.ts';

/** What the ledger tells of a state, which may change meanwhile. */
export class StateReaders implements LedgerReaders {
  readonly #tracked: TrackedState;
  readonly #state: TrackedState['state'];

  constructor(tracked: TrackedState) {
    this.#tracked = tracked;
    this.#state = tracked.state;
  }

  settings(): ReturnType<LedgerReaders['settings']> {
    return this.#state.network.get('network')!;
  }

  account(id: AccountId): ReturnType<LedgerReaders['account']> {
    return accountOf(this.#state, id);
  }

  prepaid(...[client, market]: Parameters<LedgerReaders['prepaid']>): ReturnType<LedgerReaders['prepaid']> {
    return this.#state.prepaid.get(prepaidKey(client, market));
  }

  nextOrderSeq(...[client, market]: Parameters<LedgerReaders['nextOrderSeq']>): number {
    return this.prepaid(client, market)?.nextOrderSeq ?? 0;
  }

  expert(...[market, node]: Parameters<LedgerReaders['expert']>): ReturnType<LedgerReaders['expert']> {
    return this.#state.experts.get(expertKey(market, node));
  }

  experts(market: Parameters<LedgerReaders['experts']>[0]): ReturnType<LedgerReaders['experts']> {
    return [...this.#state.experts.values()].filter((expert) => expert.market === market);
  }

  validator(node: Parameters<LedgerReaders['validator']>[0]): ReturnType<LedgerReaders['validator']> {
    return this.#state.validators.get(node);
  }

  validators(): ReturnType<LedgerReaders['validators']> {
    return [...this.#state.validators.values()];
  }

  market(id: Parameters<LedgerReaders['market']>[0]): ReturnType<LedgerReaders['market']> {
    return this.#state.markets.get(id);
  }

  markets(): ReturnType<LedgerReaders['markets']> {
    return [...this.#state.markets.values()];
  }

  editions(market: Parameters<LedgerReaders['editions']>[0]): ReturnType<LedgerReaders['editions']> {
    return [...this.#state.editions.values()]
      .filter((edition) => edition.market === market)
      .sort((a, b) => a.number - b.number);
  }

  tables(): ReturnType<LedgerReaders['tables']> {
    return this.#state;
  }

  async preview(transaction: Parameters<LedgerReaders['preview']>[0]): ReturnType<LedgerReaders['preview']> {
    if (!(await areInnerSignaturesValid(transaction))) throw invalidSignature();
    return previewTransaction(this.#state, transaction);
  }

  ranking(market: Parameters<LedgerReaders['ranking']>[0]): ReturnType<LedgerReaders['ranking']> {
    return this.#state.rankings.get(market);
  }

  weightCommit(...key: Parameters<LedgerReaders['weightCommit']>): ReturnType<LedgerReaders['weightCommit']> {
    return this.#state.weightCommits.get(weightCommitKey(...key));
  }

  weights(market: Parameters<LedgerReaders['weights']>[0]): ReturnType<LedgerReaders['weights']> {
    return [...this.#state.weights.values()].filter((weights) => weights.market === market);
  }

  totalMicro(): bigint {
    return this.#tracked.totalMicro();
  }

  stateRoot(): Hash {
    return this.#tracked.root();
  }

  proveAccount(id: AccountId): ReturnType<LedgerReaders['proveAccount']> {
    return this.#tracked.proveAccount(id);
  }
}
