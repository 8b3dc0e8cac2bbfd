import type { AccountId, Hash, NodeId } from '@market-of-experts/core';
import type {
  Edition,
  MarketParameters,
  PayShare,
  Prepaid,
  Roster,
  Standings,
  Task,
} from '@market-of-experts/protocol';
import type { Beliefs } from './beliefs.ts';

/** What every role knows of its market: certified data, the same for everyone who names the same roster. */
export interface MarketView {
  /** The roster in force and its hash. */
  readonly current: () => { readonly roster: Roster; readonly hash: Hash };
  /** A recent roster by its hash; undefined when it is unknown or too old. */
  readonly rosterOf: (hash: Hash) => Roster | undefined;
  /** Standings after the given settlement batch; undefined when too old. */
  readonly standingsAt: (batch: number) => Standings | undefined;
  /** Money that a client has locked in this market, for whom, and the first of its orders that is not settled. */
  readonly prepaid: (client: AccountId) => Prepaid | undefined;
  /** Validators that count now … */
  readonly validators: () => readonly NodeId[];
  /** … and whether some of them decide: what the ledger asks of a settlement. */
  readonly isQuorum: (signers: readonly NodeId[]) => boolean;
  /** The rules of its kind of market, with what its experts have published. */
  readonly task: Task<MarketParameters>;
  /** The edition in force, or the one of that number where it is still served; undefined where there is none. */
  readonly edition: (number?: number) => Edition | undefined;
  /** What the parts of an edition get of a service fee, in its order; undefined where nothing is published: equal parts. */
  readonly payShares: (edition: Edition) => readonly PayShare[] | undefined;
  /**
   * What a node can expect for a text at least, in millionths of its price: by its share in the editions that name it, of which
   * clients may ask for any.
   */
  readonly leastPriceMillionths: (node: NodeId) => number;
  /** Number of the ledger's next settlement of this market. */
  readonly nextBatch: () => number;
  /** What this node believes of experts, where it keeps a history; otherwise standings decide whom to call. */
  readonly beliefs?: Beliefs;
}
