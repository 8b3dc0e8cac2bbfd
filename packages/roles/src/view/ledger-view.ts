import { type Hash, type MarketId, MoeError, type NodeId } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import {
  attendanceOf,
  type Effects,
  isQuorum,
  type LoggedMarket,
  type Market,
  marketRoster,
  nearestPlace,
  type PlaceCentroids,
  type PublishedSpace,
  type Roster,
  rosterHash,
  type TransactionKind,
  taskWith,
} from '@market-of-experts/protocol';
import type { Beliefs } from './beliefs.ts';
import { editionPay } from './edition-pay.ts';
import type { MarketView } from './market-view.ts';
import { machinePace, type StageReport, stretched } from './pace.ts';
import type { PresenceBook } from './presence.ts';
import { addTotals, type SettledState } from './settled-state.ts';

/** What happens all the time and changes nobody's place in a roster at once. */
const quietKinds: ReadonlySet<TransactionKind> = new Set([
  'transfer',
  'lock',
  'unlock',
  'settle',
  'commitWeights',
  'revealWeights',
  'publishEdition',
  'publishShares',
]);

/** Batches and rosters that stay known: far more than any job lasts. */
const keptVersions = 256;

export interface LedgerViewInit {
  readonly market: MarketId;
  readonly ledger: Ledger;
  readonly places: PlaceCentroids & { readonly hash: Hash };
  /** Experts that opened the market: their first jobs are paid, since somebody's must be. */
  readonly founders: () => readonly NodeId[];
  /** Registered experts that are not here are not drawn. */
  readonly presence: Pick<PresenceBook, 'now' | 'onChange'>;
  /** From this node's history, where it keeps one. */
  readonly beliefs?: Beliefs;
  readonly edition: MarketView['edition'];
  /** What the settlements before batch `start.batch` add up to. */
  readonly start: SettledState;
}

/** The market as this node's replica of the ledger shows it. */
export interface LedgerView extends MarketView {
  /** Takes in the orders of the next settled batch: standings and totals, both at once. Throws `wrong-batch` for another. */
  applyBatch(batch: number, effects: readonly Effects[]): void;
  /** Looks again: a clock was set, for one. Of what the ledger and presence say it knows. */
  refresh(): void;
  /** Takes in how a stage of a job went: on a slow machine the deadlines of later rosters are longer. */
  observeStage(report: StageReport): void;
  /** Takes up a roster of an earlier process: orders that it left unsettled name it. */
  remember(roster: Roster): void;
  /** What the batches taken in so far add up to. */
  standings(): SettledState;
  jobsOf(node: NodeId): number;
  /** Follows the ledger no more. */
  close(): void;
}

export function ledgerView(init: LedgerViewInit): LedgerView {
  const rosters = new Map<Hash, Roster>();
  const remembered = new Map<Hash, Roster>();
  const standingsByBatch = new Map([[init.start.batch, init.start.standings]]);
  let { batch, standings, totals } = init.start;
  let current: { roster: Roster; hash: Hash } | undefined;

  const build = (): { roster: Roster; hash: Hash } => {
    const logged = loggedMarket(init.ledger, init.market);
    const parameters = stretched(logged.terms.parameters, pace.factor());
    const roster = marketRoster(logged, { batch, standings }, space(), init.presence.now(), parameters);
    const built = { roster, hash: rosterHash(roster) };
    rosters.set(built.hash, roster);
    if (rosters.size > keptVersions) rosters.delete(rosters.keys().next().value!);
    return built;
  };
  const space = (): PublishedSpace => ({
    placesHash: init.places.hash,
    founders: init.founders(),
  });

  const task = taskWith(loggedMarket(init.ledger, init.market).terms.task, {
    placeOf: (sum) => nearestPlace(init.places, sum),
  });
  const refresh = (): void => {
    current = undefined;
  };
  const pace = machinePace(refresh);
  const unsubscribers = [
    init.ledger.onApplied(({ transaction }) => {
      if (!quietKinds.has(transaction.kind)) refresh();
    }),
    init.presence.onChange(refresh),
  ];

  return {
    current: () => {
      current ??= build();
      return current;
    },
    rosterOf: (hash) => rosters.get(hash) ?? remembered.get(hash),
    standingsAt: (wanted) => standingsByBatch.get(wanted),
    prepaid: (client) => init.ledger.prepaid(client, init.market),
    validators: () =>
      init.ledger
        .validators()
        .filter((validator) => attendanceOf(validator) === 'present')
        .map(({ node }) => node),
    isQuorum: (signers) =>
      isQuorum(
        init.ledger.tables(),
        signers.map((node) => ({ node })),
      ),
    task,
    edition: init.edition,
    ...editionPay(init.ledger, init.market),
    nextBatch: () => init.ledger.market(init.market)?.nextBatch ?? 0,
    ...(init.beliefs === undefined ? {} : { beliefs: init.beliefs }),
    applyBatch(applied, effects) {
      if (applied !== batch)
        throw new MoeError('wrong-batch', `Batch ${batch} is taken in next, not ${applied}.`);
      standings = standings.with(effects.flatMap(({ losses }) => losses));
      totals = addTotals(totals, effects);
      batch = applied + 1;
      standingsByBatch.set(batch, standings);
      standingsByBatch.delete(batch - keptVersions);
      refresh();
    },
    refresh,
    observeStage: pace.observe,
    remember(roster) {
      remembered.set(rosterHash(roster), roster);
    },
    standings: () => ({ batch, standings, totals }),
    jobsOf: (node) => standings.of(node, 0).global.jobs,
    close() {
      for (const unsubscribe of unsubscribers) unsubscribe();
    },
  };
}

/** What the ledger has of a market now, with its terms. Throws `unknown-market`. */
function loggedMarket(ledger: Ledger, id: MarketId): LoggedMarket & Pick<Market, 'terms'> {
  const market = ledger.market(id);
  if (market === undefined) throw new MoeError('unknown-market', `The ledger has no market "${id}".`);
  return {
    network: ledger.network,
    market: id,
    owner: market.owner,
    terms: market.terms,
    settings: ledger.settings(),
    experts: ledger.experts(id),
    validators: ledger.validators(),
    permits: ledger.ranking(id)?.permits,
  };
}
