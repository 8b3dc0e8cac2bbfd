import { type Amount, formatCredits, MICRO_PER_CREDIT } from '@market-of-experts/core';
import { defaultParameters } from '../../parameters/market-parameters.ts';
import type { MarketTerms } from '../../terms/terms.ts';
import type { Market } from '../state/records.ts';
import type { NetworkRules } from '../transaction/network-rules.ts';

/** What the house puts into all markets of others together where its operator says nothing else. */
export const defaultJoiningBudgetMicro: Amount = 1_000n * MICRO_PER_CREDIT;

/** What somebody puts up with who joins a market of others with experts of his own. */
export interface JoiningLimits {
  /** Most that one registration may cost, stake and deposit. */
  readonly stakeMicro: Amount;
  readonly depositMicro: Amount;
  /** Places at least: few ones an owner can fill with nodes of his own, each of which pushes another out. */
  readonly experts: number;
  /** The market's cut of fees, and its owner's share of what is paid out. */
  readonly shareBps: number;
  /** κ of the ranking: below the first, few can praise themselves; above the second, few can silence all others. */
  readonly kappaU16: readonly [number, number];
  /** How many times the usual a penalty may be. */
  readonly slashFactor: number;
  /** Share of the usual time that a stage of a job must leave. */
  readonly timeShare: number;
  /** How many times the usual jobs a newcomer may have to sit in unpaid. */
  readonly probationFactor: number;
  /** Longest immunity: who leaves while it lasts loses his deposit. */
  readonly immunityEpochs: number;
}

export const usualJoiningLimits: JoiningLimits = {
  stakeMicro: 100_000_000n,
  depositMicro: 100_000_000n,
  experts: 32,
  shareBps: 5_000,
  kappaU16: [16_384, 49_151],
  slashFactor: 2,
  timeShare: 0.5,
  probationFactor: 5,
  immunityEpochs: 1_000,
};

/** The part of a market that its problems follow from. */
export interface JoinableMarket
  extends Pick<Market, 'market' | 'terms' | 'expertCount' | 'registrationMicro'> {
  readonly next?: Market['next'] | undefined;
  readonly closesAtEpoch?: number | undefined;
}

/**
 * Why a careful owner would not join a market of others, or stay in it, each reason a clause that says what would do; none when
 * there is nothing against it. New terms that are announced count as much as those in force: with them come the costs
 * of having stayed.
 */
export function problemsOfJoining(
  market: JoinableMarket,
  { noticeEpochs }: Pick<NetworkRules, 'noticeEpochs'>,
  limits: JoiningLimits = usualJoiningLimits,
): string[] {
  const { terms, next, closesAtEpoch } = market;
  return [
    ...(closesAtEpoch === undefined ? [] : [`it closes when epoch ${closesAtEpoch} begins`]),
    ...problemsOf(terms, noticeEpochs, limits),
    ...(next === undefined
      ? []
      : problemsOf(next.terms, noticeEpochs, limits).map(
          (problem) => `from epoch ${next.fromEpoch} on, ${problem}`,
        )),
  ];
}

/** Why nobody joins at this moment, who might at another: the price, or a full house. */
export function problemOfPlace(
  { terms, expertCount, registrationMicro }: JoinableMarket,
  limits: JoiningLimits = usualJoiningLimits,
): string | undefined {
  if (expertCount >= terms.maximumExperts) return `all ${terms.maximumExperts} places for experts are taken`;
  if (registrationMicro > limits.depositMicro)
    return `a registration costs ${formatCredits(registrationMicro)} credits, and ${formatCredits(limits.depositMicro)} at most are paid`;
  return undefined;
}

function problemsOf(terms: MarketTerms, noticeEpochs: number, limits: JoiningLimits): string[] {
  const { parameters, registration, maximumExperts, immunityEpochs, ranking, emission } = terms;
  const problems: string[] = [];
  const unless = (isFine: boolean, problem: string): void => {
    if (!isFine) problems.push(problem);
  };
  const credits = formatCredits;
  const [leastKappa, mostKappa] = limits.kappaU16;
  unless(
    immunityEpochs >= noticeEpochs,
    `newcomers are immune for ${immunityEpochs} epochs only, and new terms are announced ${noticeEpochs} ahead: who joins can be pushed out before he can leave (immunityEpochs: ${noticeEpochs} or more)`,
  );
  unless(
    immunityEpochs <= limits.immunityEpochs,
    `who leaves within ${immunityEpochs} epochs loses his deposit (immunityEpochs: ${limits.immunityEpochs} or less)`,
  );
  unless(
    maximumExperts >= limits.experts,
    `it has only ${maximumExperts} places, which its owner could fill himself and push others out (maximumExperts: ${limits.experts} or more)`,
  );
  unless(
    registration.floorMicro <= limits.depositMicro,
    `a registration costs ${credits(registration.floorMicro)} credits at least (registration.floorMicro: ${limits.depositMicro} or less)`,
  );
  unless(
    parameters.minimumStakeMicro <= limits.stakeMicro,
    `an expert needs a stake of ${credits(parameters.minimumStakeMicro)} credits (parameters.minimumStakeMicro: ${limits.stakeMicro} or less)`,
  );
  unless(
    parameters.feeBps <= limits.shareBps,
    `it takes ${parameters.feeBps / 100} % of every fee (parameters.feeBps: ${limits.shareBps} or less)`,
  );
  unless(
    emission.ownerShareBps <= limits.shareBps,
    `its owner takes ${emission.ownerShareBps / 100} % of what is paid out (emission.ownerShareBps: ${limits.shareBps} or less)`,
  );
  unless(
    ranking.kappaU16 >= leastKappa && ranking.kappaU16 <= mostKappa,
    `${(ranking.kappaU16 / 655.35).toFixed(2)} % of the stake decide how experts are ranked (ranking.kappaU16: ${leastKappa} to ${mostKappa})`,
  );
  for (const [name, bps] of Object.entries(parameters.slashBps)) {
    const usual = defaultParameters.slashBps[name as keyof typeof parameters.slashBps];
    const most = Math.min(10_000, usual * limits.slashFactor);
    unless(
      bps <= most,
      `it takes ${bps / 100} % of the stake for ${offences[name as keyof typeof offences]} (parameters.slashBps.${name}: ${most} or less)`,
    );
  }
  for (const name of ['sealedDeadlineMs', 'fullDeadlineMs', 'revealDeadlineMs'] as const) {
    const least = defaultParameters[name] * limits.timeShare;
    unless(
      parameters[name] >= least,
      `experts have ${parameters[name]} ms where ${defaultParameters[name]} are usual, and pay for being late (parameters.${name}: ${least} or more)`,
    );
  }
  const mostProbation = defaultParameters.probationJobs * limits.probationFactor;
  unless(
    parameters.probationJobs <= mostProbation,
    `newcomers work unpaid in ${parameters.probationJobs} jobs (parameters.probationJobs: ${mostProbation} or less)`,
  );
  return problems;
}

const offences = {
  late: 'being late',
  outlier: 'an answer far from the others',
  'no-reveal': 'a reveal that is missing',
  'wrong-reveal': 'a wrong reveal',
  equivocation: 'saying two things that exclude one another',
} as const;
