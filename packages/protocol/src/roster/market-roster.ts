import type { Hash, MarketId, NodeId } from '@market-of-experts/core';
import { paidSeats } from '../draw/owner-caps.ts';
import type { Roster, RosterExpert } from '../draw/shard.ts';
import { isProvingVersion } from '../ledger/registration/model-versions.ts';
import { faultyEpochs } from '../ledger/settlement/faults.ts';
import type { Expert, Validator } from '../ledger/state/node-records.ts';
import type { Market, NetworkRecord } from '../ledger/state/records.ts';
import { attendanceOf } from '../ledger/validators/attendance.ts';
import type { MarketParameters } from '../parameters/market-parameters.ts';
import type { Standings } from '../scoring/standings.ts';

/** What the log says of a market and of who is registered, after some entry of it. */
export interface LoggedMarket {
  readonly network: string;
  readonly market: MarketId;
  readonly owner: Market['owner'];
  readonly settings: Pick<NetworkRecord, 'beacon' | 'epoch'>;
  /** Of this market, in any order. */
  readonly experts: readonly Expert[];
  /** Of the network, in any order. */
  readonly validators: readonly Validator[];
  /** Validators that may rank in this market; undefined before its first ranking. */
  readonly permits?: readonly NodeId[] | undefined;
}

/** What the market's settled certificates add up to. */
export interface CertifiedResults {
  /** Number of the next settlement. */
  readonly batch: number;
  readonly standings: Standings;
}

/** What is published by hash besides the log: how the space is divided in which the market's data lie. */
export interface PublishedSpace {
  readonly placesHash: Hash;
  /** Experts that opened the market: their first jobs are paid, since somebody's must be. */
  readonly founders: readonly NodeId[];
}

/** Which experts can be reached: the one thing in a roster that no log can say. */
export interface Presence {
  readonly here: ReadonlySet<NodeId>;
  /** Those that have stepped out of the draw for a while; heeded while enough others are left. */
  readonly paused: ReadonlySet<NodeId>;
}

/** Who can be drawn in a market, and on what terms: from these facts alone, the same for everybody who has them. */
export function marketRoster(
  logged: LoggedMarket,
  certified: CertifiedResults,
  space: PublishedSpace,
  presence: Presence,
  parameters: MarketParameters,
): Roster {
  const { network, market, owner, settings } = logged;
  const experts = logged.experts
    .filter(({ node, leavesAtEpoch }) => presence.here.has(node) && leavesAtEpoch === undefined)
    .filter(({ stakeMicro }) => stakeMicro > 0n)
    .map((expert): RosterExpert => {
      const { node, owner, askMicroPerKilobyte, askBps, stakeMicro } = expert;
      const isNew = certified.standings.of(node, 0).global.jobs < parameters.probationJobs;
      return {
        node,
        owner,
        askMicroPerKilobyte,
        askBps,
        stakeMicro,
        faultyEpochs: faultyEpochs(expert, settings.epoch),
        onProbation: isNew && !space.founders.includes(node),
      };
    })
    .sort(byNode);
  const proving = new Set(
    logged.experts.filter((expert) => isProvingVersion(expert, settings.epoch)).map(({ node }) => node),
  );
  return {
    network,
    market,
    marketOwner: owner,
    beacon: settings.beacon,
    batch: certified.batch,
    parameters,
    placesHash: space.placesHash,
    experts: withoutPaused(withProving(experts, proving, parameters), presence.paused, parameters),
    validators: permitted(logged)
      .filter(({ ticketRoot }) => ticketRoot !== undefined)
      .map(({ node, stakeMicro, ticketRoot }) => ({ node, stakeMicro, ticketRoot: ticketRoot! }))
      .sort(byNode),
  };
}

function byNode(a: { readonly node: NodeId }, b: { readonly node: NodeId }): number {
  return a.node < b.node ? -1 : 1;
}

/** Experts with a new model version sit unpaid like newcomers, while enough others are left: a market may renew all of its models. */
function withProving(
  experts: readonly RosterExpert[],
  proving: ReadonlySet<NodeId>,
  parameters: MarketParameters,
): readonly RosterExpert[] {
  const proven = experts.map((expert) =>
    proving.has(expert.node) ? { ...expert, onProbation: true } : expert,
  );
  return isEnough(proven, parameters) ? proven : experts;
}

/** A market whose experts have all stepped out would serve nobody: while too few are left, none may. */
function withoutPaused(
  experts: readonly RosterExpert[],
  paused: ReadonlySet<NodeId>,
  parameters: MarketParameters,
): readonly RosterExpert[] {
  const awake = experts.filter(({ node }) => !paused.has(node));
  return isEnough(awake, parameters) ? awake : experts;
}

function isEnough(experts: readonly RosterExpert[], parameters: MarketParameters): boolean {
  return paidSeats({ experts, parameters }) >= Math.max(3, parameters.shardSize);
}

/** Validators that witness in a market: of those that are present the ones with a permit, or all where none with a permit is left. */
function permitted(logged: LoggedMarket): readonly Validator[] {
  const present = logged.validators.filter((validator) => attendanceOf(validator) === 'present');
  const permits = new Set(logged.permits);
  const chosen = present.filter(({ node }) => permits.has(node));
  return chosen.length > 0 ? chosen : present;
}
