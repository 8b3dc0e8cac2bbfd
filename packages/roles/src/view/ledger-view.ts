import { type AccountId, type Hash, type MarketId, MoeError, type NodeId } from '@market-of-experts/core';
import { type CalibrationStore, chunkPieces } from '@market-of-experts/history';
import type { Ledger } from '@market-of-experts/ledger';
import {
  attendanceOf,
  calibrationRoot,
  type Effects,
  faultyEpochs,
  isQuorum,
  type MarketParameters,
  nearestPlace,
  type PlaceCentroids,
  paidSeats,
  type Roster,
  type RosterExpert,
  rosterHash,
  type TransactionKind,
  type Validator,
} from '@market-of-experts/protocol';
import type { Beliefs } from './beliefs.ts';
import type { MarketView } from './market-view.ts';
import { stretched } from './pace.ts';
import { addTotals, type SettledState } from './settled-state.ts';

/** What happens all the time and changes nobody's place in a roster at once. */
const quietKinds: ReadonlySet<TransactionKind> = new Set([
  'transfer',
  'lock',
  'unlock',
  'settle',
  'commitWeights',
  'revealWeights',
]);

/** Batches and rosters that stay known: far more than any job lasts. */
const keptVersions = 256;

export interface LedgerViewInit {
  readonly market: MarketId;
  readonly ledger: Ledger;
  readonly calibration: CalibrationStore;
  readonly calibrationHash: Hash;
  readonly places: PlaceCentroids & { readonly hash: Hash };
  /** Experts that opened the market: their first jobs are paid, since somebody's must be. */
  readonly founders: () => readonly NodeId[];
  /** Registered experts that are not running are not drawn. */
  readonly isOnline: (node: NodeId) => boolean;
  /** Experts that have stepped out of the draw for a while; heeded while enough others are left. Default none. */
  readonly isPaused?: (node: NodeId) => boolean;
  /** What the deadlines of jobs are multiplied with, for a slow machine; default 1. */
  readonly pace?: () => number;
  /** From this node's history, where it keeps one. */
  readonly beliefs?: Beliefs;
  /** What the settlements before batch `start.batch` add up to. */
  readonly start: SettledState;
}

/** The market as this node's replica of the ledger shows it. */
export interface LedgerView extends MarketView {
  /** Takes in the orders of the next settled batch: standings and totals, both at once. Throws `wrong-batch` for another. */
  applyBatch(batch: number, effects: readonly Effects[]): void;
  /** Looks again at the ledger: somebody registered, left or changed. */
  refresh(): void;
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
    const market = init.ledger.market(init.market);
    if (market === undefined)
      throw new MoeError('unknown-market', `The ledger has no market "${init.market}".`);
    const parameters = stretched(market.terms.parameters, init.pace?.() ?? 1);
    const founders = init.founders();
    const { beacon, epoch } = init.ledger.settings();
    const roster: Roster = {
      network: init.ledger.network,
      market: init.market,
      marketOwner: market.owner as AccountId,
      beacon,
      batch,
      parameters,
      placesHash: init.places.hash,
      calibrationHash: init.calibrationHash,
      experts: withoutPaused(
        init.ledger
          .experts(init.market)
          .filter(({ node, leavesAtEpoch }) => init.isOnline(node) && leavesAtEpoch === undefined)
          .filter(({ stakeMicro }) => stakeMicro > 0n)
          .filter(({ node }) => init.calibration.count(node) >= chunkPieces)
          .map((expert) => ({ ...expert, faultyEpochs: faultyEpochs(expert, epoch) }))
          .map(({ node, owner, askMicroPerKilobyte, askBps, stakeMicro, faultyEpochs }) => ({
            node,
            owner,
            askMicroPerKilobyte,
            askBps,
            stakeMicro,
            faultyEpochs,
            onProbation:
              !founders.includes(node) && standings.of(node, 0).global.jobs < parameters.probationJobs,
            calibrationCount: init.calibration.count(node),
            calibrationRoot: calibrationRoot(init.calibration.chunkHashes(node)),
          }))
          .sort((a, b) => (a.node < b.node ? -1 : 1)),
        parameters,
        init.isPaused,
      ),
      validators: permitted(init.ledger, init.market)
        .filter(({ ticketRoot }) => ticketRoot !== undefined)
        .map(({ node, stakeMicro, ticketRoot }) => ({ node, stakeMicro, ticketRoot: ticketRoot! }))
        .sort((a, b) => (a.node < b.node ? -1 : 1)),
    };
    const built = { roster, hash: rosterHash(roster) };
    rosters.set(built.hash, roster);
    if (rosters.size > keptVersions) rosters.delete(rosters.keys().next().value!);
    return built;
  };

  const unsubscribe = init.ledger.onApplied(({ transaction }) => {
    if (!quietKinds.has(transaction.kind)) current = undefined;
  });

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
    calibration: (node, index) => init.calibration.vectorAt(node, index),
    placeOf: (sum) => nearestPlace(init.places, sum),
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
      current = undefined;
    },
    refresh() {
      current = undefined;
    },
    remember(roster) {
      remembered.set(rosterHash(roster), roster);
    },
    standings: () => ({ batch, standings, totals }),
    jobsOf: (node) => standings.of(node, 0).global.jobs,
    close: unsubscribe,
  };
}

/** A market whose experts have all stepped out would serve nobody: while too few are left, none may. */
function withoutPaused(
  experts: readonly RosterExpert[],
  parameters: MarketParameters,
  isPaused: LedgerViewInit['isPaused'] = () => false,
): readonly RosterExpert[] {
  const awake = experts.filter(({ node }) => !isPaused(node));
  const seats = paidSeats({ experts: awake, parameters });
  return seats >= Math.max(3, parameters.shardSize) ? awake : experts;
}

/** Validators that witness in a market: of those that are present the ones with a permit, or all where none with a permit is left. */
function permitted(ledger: Ledger, market: MarketId): readonly Validator[] {
  const validators = ledger.validators().filter((validator) => attendanceOf(validator) === 'present');
  const permits = new Set(ledger.ranking(market)?.permits);
  const chosen = validators.filter(({ node }) => permits.has(node));
  return chosen.length > 0 ? chosen : validators;
}
