import type { NodeId } from '@market-of-experts/core';
import { type Estimate, normalBelow } from '@market-of-experts/history';

/** What a member knows of one expert for the datum at hand. Losses are relative: own loss minus the job's mean. */
export interface Prospect {
  readonly worker: NodeId;
  /** Certified expected excess at the place: the part of the winner's rule that is known before the job. */
  readonly standing: number;
  /** Belief about the expert's excess loss on data like this, from the nearest certified jobs. */
  readonly excess: Estimate;
}

/** An expert outside the shard that may be called. */
export interface Friend extends Prospect {
  /** Published share of the fee that it asks. */
  readonly askBps: number;
  /** Probability that it can be had: no other member has called it first, and it answers. */
  readonly free: number;
  /** Probability that it finishes what it has agreed to: if not, both pay for being late. */
  readonly onTime: number;
}

/** Everything that a member of a shard decides by. Money in micro-credits. */
export interface Situation {
  readonly self: Prospect;
  readonly opponents: readonly Prospect[];
  readonly friends: readonly Friend[];
  /** Winner's part of the fee: what is left after the market's cut. */
  readonly feeMicro: number;
  /** Own cost of doing the work. */
  readonly costMicro: number;
  /** What its own work is expected to cost in penalties. A reason to call somebody, but none to leave the shard. */
  readonly faultMicro: number;
  /** What being late costs. */
  readonly lateMicro: number;
  readonly mayDecline: boolean;
  /** k₀ of the winner's rule. */
  readonly historyWeight: number;
  /** Standard deviation of one job's loss around the expert's mean. */
  readonly jobNoise: number;
}

export type Decision =
  | { readonly kind: 'work'; readonly expectedMicro: number }
  /** Friends in the order in which they are to be asked. When none is free, the member works itself. */
  | { readonly kind: 'call'; readonly friends: readonly NodeId[]; readonly expectedMicro: number }
  | { readonly kind: 'decline'; readonly reason: string; readonly expectedMicro: number };

/** How a member plays. Pure: chance comes from `random`, uniform in [0, 1). */
export type DecisionPolicy = (situation: Situation, random: () => number) => Decision;

/** Never calls: the market without friends. */
export const workAlways: DecisionPolicy = () => ({ kind: 'work', expectedMicro: 0 });

const maxFriendsAsked = 4;

/**
 * The default: compares the expected value of working, `P(I win)·fee − cost`, with that of each friend,
 * `P(on time)·P(friend wins)·fee·(1 − ask) − P(late)·penalty`, asks the best ones in order while they are worth
 * more than working, and declines what would cost more than it brings. Beliefs about excess losses are drawn once
 * from their posteriors (Thompson sampling: Thompson 1933; Russo et al., A Tutorial on Thompson Sampling, 2018),
 * so an expert that nobody knows is tried in proportion to the chance that it is the best.
 */
export const thompsonPolicy: DecisionPolicy = (situation, random) => {
  const { self, opponents, friends, feeMicro, costMicro, lateMicro, historyWeight, jobNoise } = situation;
  const noise = jobNoise / (historyWeight + 1);
  const scoreOf = ({ standing, excess }: Prospect): number =>
    (historyWeight * standing + excess.mean + excess.sd * standardNormal(random)) / (historyWeight + 1);
  const rivals = opponents.map(scoreOf);
  const effortMicro = winProbability(scoreOf(self), rivals, noise) * feeMicro - costMicro;
  const workMicro = effortMicro - situation.faultMicro;

  const ranked = friends
    .map((friend) => {
      const share = 1 - friend.askBps / 10_000;
      const wins = winProbability(scoreOf(friend), rivals, noise);
      const valueMicro = share * (friend.onTime * wins * feeMicro - (1 - friend.onTime) * lateMicro);
      return { worker: friend.worker, free: friend.free, valueMicro };
    })
    .filter(({ valueMicro }) => valueMicro > Math.max(workMicro, 0))
    .sort((a, b) => b.valueMicro - a.valueMicro)
    .slice(0, maxFriendsAsked);

  if (ranked.length > 0) {
    // Asked in turn: each is reached only when those before it were taken.
    const expectedMicro = ranked.reduceRight(
      (otherwise, { free, valueMicro }) => free * valueMicro + (1 - free) * otherwise,
      Math.max(workMicro, 0),
    );
    return { kind: 'call', friends: ranked.map(({ worker }) => worker), expectedMicro };
  }
  if (effortMicro < 0 && situation.mayDecline)
    return {
      kind: 'decline',
      reason: 'Working would cost more than it is expected to earn.',
      expectedMicro: 0,
    };
  return { kind: 'work', expectedMicro: workMicro };
};

/**
 * Probability that a score with normal noise is lower than all its rivals', which have the same noise each:
 * `E_z Π_r Φ((r − s)/σ + z)`, by Gauss–Hermite quadrature with nine points (Abramowitz & Stegun, table 25.10).
 */
export function winProbability(score: number, rivals: readonly number[], noise: number): number {
  if (noise <= 0) return rivals.every((rival) => score < rival) ? 1 : 0;
  let probability = 0;
  for (const [node, weight] of hermiteNodes)
    probability +=
      weight * rivals.reduce((product, rival) => product * normalBelow((rival - score) / noise + node), 1);
  return Math.min(1, probability);
}

/** Nodes `√2·x` and weights `w/√π` of the nine-point Gauss–Hermite rule. */
const hermiteNodes: readonly (readonly [number, number])[] = [
  [0, 7.20235215606051e-1],
  [0.723551018752838, 4.32651559002556e-1],
  [1.46855328921667, 8.84745273943766e-2],
  [2.26658058453184, 4.94362427553695e-3],
  [3.19099320178153, 3.96069772632644e-5],
]
  .flatMap(([node, weight]) =>
    node === 0
      ? [[0, weight!]]
      : [
          [node!, weight!],
          [-node!, weight!],
        ],
  )
  .map(([node, weight]) => [Math.SQRT2 * node!, weight! / Math.sqrt(Math.PI)] as const);

/** One draw from the standard normal distribution (Box and Muller, 1958). */
export function standardNormal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
