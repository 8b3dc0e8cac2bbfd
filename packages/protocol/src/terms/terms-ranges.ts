import type { TermRange } from '../tasks/task.ts';
import { taskOf } from './task-of.ts';
import type { MarketTask, MarketTerms } from './terms.ts';

const longestStageMs = 600_000;

/** Amounts up to here are divided without loss: the ranking calculates with doubles. */
const mostPerEpochMicro = BigInt(Number.MAX_SAFE_INTEGER);

/** Bounds of every number, each by itself; what must fit together is in `problem-of-terms.ts`. */
export function rangesOf(task: MarketTask): readonly TermRange<MarketTerms>[] {
  return [...marketRanges, ...taskOf(task).ranges];
}

type NumberIn<Group> = {
  [Name in keyof Group & string]: Group[Name] extends number | bigint ? Name : never;
}[keyof Group & string];

/** What bounds a number of one group of the terms, whose path is `path`: from `least` to `most`. */
function rangesIn<Group>(path: string, group: (terms: MarketTerms) => Group) {
  return <Name extends NumberIn<Group>>(
    name: Name,
    least: Group[Name] & (number | bigint),
    most: Group[Name] & (number | bigint),
    because: string,
  ): TermRange<MarketTerms> => ({
    name: `${path}${name}`,
    of: (terms) => group(terms)[name] as number | bigint,
    least,
    most,
    because,
  });
}

const terms = rangesIn('', (all) => all);
const space = rangesIn('space.', (all) => all.space);
const parameters = rangesIn('parameters.', (all) => all.parameters);
const slashes = rangesIn('parameters.slashBps.', (all) => all.parameters.slashBps);
const registration = rangesIn('registration.', (all) => all.registration);
const ranking = rangesIn('ranking.', (all) => all.ranking);
const emission = rangesIn('emission.', (all) => all.emission);

/** Those that every kind of market has. */
const marketRanges: readonly TermRange<MarketTerms>[] = [
  parameters('version', 1, 2 ** 31, 'it counts changes from 1'),
  space('dimensions', 8, 8_192, 'fewer tell no texts apart, more do not fit a message'),
  parameters('shardSize', 3, 16, 'each member is judged by at least two others, and a job seats 16'),
  parameters('seatsPerOwner', 1, 16, 'an owner has a node in a job at least, and a job seats 16'),
  parameters('witnesses', 1, 16, 'somebody must certify, and a job has 16 at most'),
  parameters('ticketValidators', 1, 16, 'without a ticket the client could foresee the draw'),
  parameters('stakeCapBps', 1, 10_000, 'stake that does not count draws nobody'),
  parameters('quorumBps', 1, 10_000, 'it is a share of the shard, and an empty one has nothing to score'),
  parameters('cutGraceMs', 0, longestStageMs, 'a client waits for it'),
  parameters('sealedDeadlineMs', 1, longestStageMs, 'experts need time, and a client waits for it'),
  parameters('fullDeadlineMs', 1, longestStageMs, 'experts need time, and a client waits for it'),
  parameters('revealDeadlineMs', 1, longestStageMs, 'experts need time, and a client waits for it'),
  parameters('maximumClockSkewMs', 0, 86_400_000, 'experts remember orders for so long'),
  parameters('minimumScored', 2, 16, 'nobody can be judged without another'),
  parameters('maximumTextBytes', 64, 1_048_576, 'a text travels in one message'),
  parameters('places', 1, 4_096, 'each is a cell of the space'),
  parameters('historyWeight', 0, 1_000_000, 'it counts jobs'),
  parameters('placeShrinkage', 1, 1_000_000, 'an expert without jobs at a place has no mean there'),
  parameters('globalShrinkage', 1, 1_000_000, 'an expert without jobs has no mean'),
  parameters('probationJobs', 0, 100_000, 'newcomers must be paid some day'),
  parameters('probationSeats', 0, 13, 'a job seats 16'),
  parameters('feeBps', 0, 9_999, 'a market that takes whole fees leaves its experts nothing'),
  parameters(
    'minimumStakeMicro',
    1n,
    2n ** 62n,
    'experts are drawn by stake, and nothing else can be slashed',
  ),
  slashes('late', 0, 100, 'one late answer is no reason to take more than a hundredth of a stake'),
  slashes('outlier', 0, 100, 'one bad vector is no reason to take more than a hundredth of a stake'),
  slashes('no-reveal', 0, 1_000, 'delegators pay, too: one job takes no more than a tenth of a stake'),
  slashes('wrong-reveal', 0, 1_000, 'delegators pay, too: one job takes no more than a tenth of a stake'),
  slashes(
    'equivocation',
    1,
    5_000,
    'who may contradict himself for nothing will, and delegators who did nothing pay half at most',
  ),
  parameters('declinesPerEpoch', 0, 1_000_000, 'it counts jobs'),
  parameters('claimTtlMs', 1, 60_000, 'a friend is held no longer than a minute'),
  parameters('maximumClaims', 0, 16, 'each takes time of the sealed half'),
  parameters('auditBps', 0, 10_000, 'it is a share of the routed jobs'),
  registration('riseBps', 0, 100_000, 'a price that jumps further cannot be planned for'),
  registration('decayBps', 0, 10_000, 'it is a share of what is above the floor'),
  terms('maximumExperts', 3, 4_096, 'a shard has three members at least'),
  terms('immunityEpochs', 0, 1_000_000, 'somebody must be able to make room'),
  terms('permits', 1, 256, 'somebody must rank, and a network has 256 validators at most'),
  ranking(
    'kappaU16',
    16_384,
    58_982,
    'a quarter to nine tenths of the stake must stand behind a weight, of 65,535: with less one decides alone, with more one can veto',
  ),
  ranking('bondsPenaltyU16', 0, 65_535, 'it is a share of 65,535'),
  ranking('bondsMovingAverageMillionths', 0, 999_999, 'bonds that keep all of the past never begin'),
  ranking('alphaLowU16', 1, 65_535, 'bonds that keep all of the past never begin'),
  ranking('alphaHighU16', 1, 65_535, 'it is a share of 65,535'),
  ranking('alphaSigmoidSteepness', 1, 32_767, 'steeper than this is a step already'),
  ranking('activityCutoffEpochs', 1, 1_000_000, 'weights count one epoch after they are promised'),
  emission('perEpochMicro', 0n, mostPerEpochMicro, 'the ranking divides no more without loss'),
  emission('halvingEpochs', 1, 2 ** 32, 'it counts epochs'),
  emission('ownerShareBps', 0, 5_000, 'an owner takes half of an emission at most'),
];
