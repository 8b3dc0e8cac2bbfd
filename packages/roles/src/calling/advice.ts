import type { NodeId } from '@market-of-experts/core';
import {
  type Answer,
  penaltyOf,
  placeExcess,
  problemOfCall,
  type SealedJob,
  type SlashReason,
  Standings,
  splitFee,
  toNumber,
} from '@market-of-experts/protocol';
import { type Beliefs, standingsBeliefs } from '../view/beliefs.ts';
import type { MarketView } from '../view/market-view.ts';
import type { CallBook } from './call-book.ts';
import type { FaultBook } from './fault-book.ts';
import type { Prospect, Situation } from './policy.ts';

export interface AdviceComponents {
  readonly self: NodeId;
  readonly view: MarketView;
  readonly calls: CallBook;
  readonly faults: FaultBook;
  /** What one text costs the expert to work on. */
  readonly costMicro: number;
  readonly mayDecline: () => boolean;
}

/** A friend that has agreed loses stake when it does not finish; few do not (docs/concepts/lateness.md). */
const usuallyFinished = 0.999;
/** Friends that are looked at: the best by their standing at the place (more are more luck than better) … */
const bestFriends = 8;
/** … and some others, so that an expert that nobody has called yet can be found. */
const strangers = 2;

/** What a paid member of a job knows when it must decide who is to work: itself or a friend. */
export function adviceOn(
  components: AdviceComponents,
  job: SealedJob,
  { first, positions }: { readonly first: Answer['first']; readonly positions: readonly Uint8Array[] },
  random: () => number,
): Situation {
  const { self, view, calls } = components;
  const { roster, draw } = job;
  const { parameters } = roster;
  const standings = view.standingsAt(roster.batch) ?? Standings.empty;
  const datum = view.task.locate(first, positions);
  const { place } = datum;
  const withStanding = <Of extends { readonly node: NodeId }>(
    expert: Of,
  ): Of & { readonly standing: number } => ({
    ...expert,
    standing: toNumber(placeExcess(standings.of(expert.node, place), parameters)),
  });

  const own = roster.experts.find(({ node }) => node === self)!;
  const opponents = draw.members.filter((node) => node !== self).map((node) => withStanding({ node }));
  const callable = roster.experts
    .filter(({ node }) => problemOfCall(roster, draw, node) === undefined)
    .map(withStanding)
    .sort((a, b) => a.standing - b.standing);
  const friends = callable.slice(0, bestFriends);
  for (
    const others = callable.slice(bestFriends);
    friends.length < bestFriends + strangers && others.length > 0;
  )
    friends.push(...others.splice(Math.floor(random() * others.length), 1));
  const cast = [withStanding(own), ...opponents, ...friends];
  const beliefs: Beliefs = view.beliefs ?? standingsBeliefs(standings, parameters);
  const excess = beliefs.excessOf(
    datum,
    cast.map(({ node }) => node),
  );
  const prospects = cast.map(
    ({ node, standing }, index): Prospect => ({ worker: node, standing, excess: excess[index]! }),
  );
  const penaltyMicro = (reason: SlashReason): number =>
    Number(penaltyOf(reason, own, job.feeMicro, parameters));
  return {
    self: prospects[0]!,
    opponents: prospects.slice(1, 1 + opponents.length),
    friends: friends.map(({ node, askBps }, index) => ({
      ...prospects[1 + opponents.length + index]!,
      askBps,
      free: calls.free(node),
      onTime: usuallyFinished,
    })),
    feeMicro: Number(job.feeMicro - splitFee(job.feeMicro, parameters.feeBps, 0).marketMicro),
    costMicro: components.costMicro,
    faultMicro: components.faults.rate(place) * penaltyMicro('outlier'),
    lateMicro: penaltyMicro('late'),
    mayDecline: components.mayDecline(),
    historyWeight: parameters.historyWeight,
    jobNoise: beliefs.jobNoise(),
  };
}
