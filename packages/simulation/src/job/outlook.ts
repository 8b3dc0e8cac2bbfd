import { penaltyOf, problemOfCall, type ShardDraw } from '@market-of-experts/protocol';
import type { Friend, Prospect, Situation } from '@market-of-experts/roles/calling/policy';
import type { Uniform } from '../chance/random.ts';
import type { SimulatedExpert } from '../population/expert.ts';
import { meanLoss } from '../population/skill.ts';
import { policyOf } from '../population/strategies.ts';
import type { Datum, Seat } from '../state/decided-job.ts';
import type { MarketState } from '../state/market-state.ts';

/** What every member of the shard sees: the other members, and the friends that it may call. */
export interface Outlook {
  readonly members: ReadonlyMap<SimulatedExpert, Prospect>;
  readonly friends: readonly Friend[];
  readonly datum: Datum;
}

export function makeOutlook(
  market: MarketState,
  draw: ShardDraw,
  seats: readonly Seat[],
  drawn: ReadonlySet<SimulatedExpert>,
  datum: Datum,
  random: Uniform,
): Outlook {
  const paid = seats.filter(({ onProbation }) => !onProbation).map(({ principal }) => principal);
  const candidates = new Set(market.beliefs.bestAt(datum.place).map((index) => market.experts[index]!));
  for (let stranger = 0; stranger < market.scenario.beliefs.strangers; stranger += 1)
    candidates.add(market.experts[Math.floor(random() * market.experts.length)]!);
  const callable = [...candidates].filter(
    (expert) =>
      !drawn.has(expert) &&
      market.maybeCalled(expert) &&
      problemOfCall(market.roster, draw, expert.node) === undefined,
  );
  const cast = [...paid, ...callable];
  const excess = market.beliefs.excessOf(
    datum,
    cast.map(({ index }) => index),
  );
  const prospects = cast.map(
    (expert, index): Prospect => ({
      worker: expert.node,
      standing: market.standingOf(expert, datum.place),
      excess: excess[index]!,
    }),
  );
  const members = new Map(paid.map((expert, index) => [expert, prospects[index]!]));
  const friends = callable.map(
    (expert, index): Friend => ({
      ...prospects[paid.length + index]!,
      askBps: expert.askBps,
      free: market.reliability.freeOf(expert),
      onTime: market.reliability.onTimeOf(expert),
    }),
  );
  return { members, friends, datum };
}

/** What the member's own policy says. */
export function decide(
  market: MarketState,
  seat: Seat,
  { members, friends, datum }: Outlook,
  random: Uniform,
): 'work' | 'decline' | readonly SimulatedExpert[] {
  // Only paid members may call; a newcomer shows what it can do itself.
  if (seat.onProbation) return 'work';
  const { principal } = seat;
  const { parameters } = market;
  const situation: Situation = {
    self: selfProspect(market, principal, members.get(principal)!, datum),
    opponents: [...members].filter(([expert]) => expert !== principal).map(([, prospect]) => prospect),
    friends,
    feeMicro: market.prizeMicro,
    costMicro: principal.settings.costMicro,
    faultMicro: 0,
    lateMicro: Number(
      penaltyOf('late', { stakeMicro: principal.stakeMicro, faultyEpochs: 0 }, market.feeMicro, parameters),
    ),
    mayDecline: principal.declines < parameters.declinesPerEpoch,
    historyWeight: parameters.historyWeight,
    jobNoise: market.scenario.noise.expert,
  };
  const decision = policyOf(principal.settings.strategy)(situation, random);
  return decision.kind === 'call' ? decision.friends.map((node) => market.expertOf(node)) : decision.kind;
}

/** Spread of what an expert finds when it tests its own model on texts like these. */
const testSd = 0.03;

/** Who trains anew knows better than its record how good it is now: it has tested its model. */
function selfProspect(market: MarketState, expert: SimulatedExpert, known: Prospect, datum: Datum): Prospect {
  if (expert.settings.respecialise === undefined) return known;
  const usual = market.record.meanLossAt(datum.place);
  if (usual === undefined) return known;
  return { ...known, excess: { mean: meanLoss(expert.skill, datum.point) - usual, sd: testSd } };
}
