import { type Hash, type MarketId, messageOf, type Random, toHex } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import { weightsCommitment } from '@market-of-experts/protocol';
import type { GuardedSigner } from '../signing/guarded-signer.ts';
import type { NodeWeights } from './work-record.ts';

/** Weights that were promised and not opened yet. Lost, they cannot be opened: kept before they are promised. */
export interface KeptPromise {
  readonly market: MarketId;
  readonly epoch: number;
  readonly weights: NodeWeights;
  readonly salt: Hash;
}

/** Where a validator keeps its promises over a restart. */
interface PromiseStore {
  load(): readonly KeptPromise[];
  save(promises: readonly KeptPromise[]): void;
}

export interface RankingDutyComponents {
  readonly signer: GuardedSigner;
  readonly ledger: Ledger;
  readonly markets: () => readonly MarketId[];
  /** The weights to promise in a market now. */
  readonly weights: (market: MarketId) => NodeWeights;
  readonly promises: PromiseStore;
  readonly random: Random;
  readonly onWarning: (message: string) => void;
}

export interface RankingDuty {
  /** Does what the running epoch asks for and is not done yet. Safe to call again, at once or after a restart. */
  perform(): Promise<void>;
}

/**
 * A validator's part in the ranking (docs/concepts/incentives.md): when an epoch begins it opens the weights that it promised in
 * the last one, then promises new ones. So nobody can copy weights before they are a whole epoch old.
 */
export function rankingDuty(components: RankingDutyComponents): RankingDuty {
  const { signer, ledger, promises, random, onWarning } = components;
  const self = signer.node;
  let running: Promise<void> = Promise.resolve();

  const reveal = async (epoch: number): Promise<void> => {
    for (const { market, epoch: promised, weights, salt } of promises.load()) {
      if (promised !== epoch - 1 || ledger.weightCommit(market, self, promised) === undefined) continue;
      await signer.submitWeights(ledger, {
        kind: 'revealWeights',
        market,
        epoch: promised,
        weights: weights.map(([node, weight]) => [node, weight]),
        salt,
      });
    }
  };

  const promise = async (market: MarketId, epoch: number): Promise<void> => {
    if (ledger.weightCommit(market, self, epoch) !== undefined) return;
    const permits = ledger.ranking(market)?.permits ?? [];
    if (permits.length > 0 && !permits.includes(self)) return;
    const weights = components.weights(market);
    if (weights.length === 0) return;
    const salt = toHex(random.bytes(32)) as Hash;
    const kept = promises
      .load()
      .filter((other) => other.epoch >= epoch - 1 && !(other.epoch === epoch && other.market === market));
    promises.save([...kept, { market, epoch, weights, salt }]);
    await signer.submitWeights(ledger, {
      kind: 'commitWeights',
      market,
      epoch,
      commitment: weightsCommitment({
        network: ledger.network,
        market,
        validator: self,
        epoch,
        weights,
        salt,
      }),
    });
  };

  const attempt = async (what: string, task: () => Promise<void>): Promise<void> => {
    try {
      await task();
    } catch (error) {
      onWarning(`${what}: ${messageOf(error)}`);
    }
  };

  const perform = async (): Promise<void> => {
    const { epoch } = ledger.settings();
    await attempt('Promised weights could not be opened', () => reveal(epoch));
    for (const market of components.markets())
      await attempt(`Weights for "${market}" could not be promised`, () => promise(market, epoch));
  };
  return {
    perform() {
      running = running.then(perform);
      return running;
    },
  };
}
