import type { TermRange } from '../tasks/task.ts';
import { taskOf } from './task-of.ts';
import type { MarketTask, MarketTerms } from './terms.ts';

const longestStageMs = 600_000;

/** Amounts up to here are divided without loss: the ranking calculates with doubles. */
const mostPerEpochMicro = BigInt(Number.MAX_SAFE_INTEGER);

function range(
  name: string,
  of: TermRange<MarketTerms>['of'],
  least: TermRange<MarketTerms>['least'],
  most: TermRange<MarketTerms>['most'],
  because: string,
): TermRange<MarketTerms> {
  return { name, of, least, most, because };
}

/** Bounds of every number, each by itself; what must fit together is in `problem-of-terms.ts`. */
export function rangesOf(task: MarketTask): readonly TermRange<MarketTerms>[] {
  return [...marketRanges, ...taskOf(task).ranges];
}

/** Those that every kind of market has. */
const marketRanges: readonly TermRange<MarketTerms>[] = [
  range('parameters.version', (t) => t.parameters.version, 1, 2 ** 31, 'it counts changes from 1'),
  range(
    'space.dimensions',
    (t) => t.space.dimensions,
    8,
    8_192,
    'fewer tell no texts apart, more do not fit a message',
  ),
  range(
    'parameters.shardSize',
    (t) => t.parameters.shardSize,
    3,
    16,
    'each member is judged by at least two others, and a job seats 16',
  ),
  range(
    'parameters.seatsPerOwner',
    (t) => t.parameters.seatsPerOwner,
    1,
    16,
    'an owner has a node in a job at least, and a job seats 16',
  ),
  range(
    'parameters.witnesses',
    (t) => t.parameters.witnesses,
    1,
    16,
    'somebody must certify, and a job has 16 at most',
  ),
  range(
    'parameters.ticketValidators',
    (t) => t.parameters.ticketValidators,
    1,
    16,
    'without a ticket the client could foresee the draw',
  ),
  range(
    'parameters.stakeCapBps',
    (t) => t.parameters.stakeCapBps,
    1,
    10_000,
    'stake that does not count draws nobody',
  ),
  range(
    'parameters.quorumBps',
    (t) => t.parameters.quorumBps,
    1,
    10_000,
    'it is a share of the shard, and an empty one has nothing to score',
  ),
  range('parameters.cutGraceMs', (t) => t.parameters.cutGraceMs, 0, longestStageMs, 'a client waits for it'),
  range(
    'parameters.sealedDeadlineMs',
    (t) => t.parameters.sealedDeadlineMs,
    1,
    longestStageMs,
    'experts need time, and a client waits for it',
  ),
  range(
    'parameters.fullDeadlineMs',
    (t) => t.parameters.fullDeadlineMs,
    1,
    longestStageMs,
    'experts need time, and a client waits for it',
  ),
  range(
    'parameters.revealDeadlineMs',
    (t) => t.parameters.revealDeadlineMs,
    1,
    longestStageMs,
    'experts need time, and a client waits for it',
  ),
  range(
    'parameters.maximumClockSkewMs',
    (t) => t.parameters.maximumClockSkewMs,
    0,
    86_400_000,
    'experts remember orders for so long',
  ),
  range(
    'parameters.minimumScored',
    (t) => t.parameters.minimumScored,
    2,
    16,
    'nobody can be judged without another',
  ),
  range(
    'parameters.maximumTextBytes',
    (t) => t.parameters.maximumTextBytes,
    64,
    1_048_576,
    'a text travels in one message',
  ),
  range('parameters.places', (t) => t.parameters.places, 1, 4_096, 'they are cells of the calibration set'),
  range('parameters.historyWeight', (t) => t.parameters.historyWeight, 0, 1_000_000, 'it counts jobs'),
  range(
    'parameters.placeShrinkage',
    (t) => t.parameters.placeShrinkage,
    1,
    1_000_000,
    'an expert without jobs at a place has no mean there',
  ),
  range(
    'parameters.globalShrinkage',
    (t) => t.parameters.globalShrinkage,
    1,
    1_000_000,
    'an expert without jobs has no mean',
  ),
  range(
    'parameters.probationJobs',
    (t) => t.parameters.probationJobs,
    0,
    100_000,
    'newcomers must be paid some day',
  ),
  range('parameters.probationSeats', (t) => t.parameters.probationSeats, 0, 13, 'a job seats 16'),
  range(
    'parameters.feeBps',
    (t) => t.parameters.feeBps,
    0,
    9_999,
    'a market that takes whole fees leaves its experts nothing',
  ),
  range(
    'parameters.minimumStakeMicro',
    (t) => t.parameters.minimumStakeMicro,
    1n,
    2n ** 62n,
    'experts are drawn by stake, and nothing else can be slashed',
  ),
  range(
    'parameters.slashBps.late',
    (t) => t.parameters.slashBps.late,
    0,
    100,
    'one late answer is no reason to take more than a hundredth of a stake',
  ),
  range(
    'parameters.slashBps.outlier',
    (t) => t.parameters.slashBps.outlier,
    0,
    100,
    'one bad vector is no reason to take more than a hundredth of a stake',
  ),
  range(
    'parameters.slashBps.no-reveal',
    (t) => t.parameters.slashBps['no-reveal'],
    0,
    1_000,
    'delegators pay, too: one job takes no more than a tenth of a stake',
  ),
  range(
    'parameters.slashBps.wrong-reveal',
    (t) => t.parameters.slashBps['wrong-reveal'],
    0,
    1_000,
    'delegators pay, too: one job takes no more than a tenth of a stake',
  ),
  range(
    'parameters.slashBps.equivocation',
    (t) => t.parameters.slashBps.equivocation,
    1,
    5_000,
    'who may contradict himself for nothing will, and delegators who did nothing pay half at most',
  ),
  range('parameters.declinesPerEpoch', (t) => t.parameters.declinesPerEpoch, 0, 1_000_000, 'it counts jobs'),
  range(
    'parameters.claimTtlMs',
    (t) => t.parameters.claimTtlMs,
    1,
    60_000,
    'a friend is held no longer than a minute',
  ),
  range(
    'parameters.maximumClaims',
    (t) => t.parameters.maximumClaims,
    0,
    16,
    'each takes time of the sealed half',
  ),
  range('parameters.auditBps', (t) => t.parameters.auditBps, 0, 10_000, 'it is a share of the routed jobs'),
  range(
    'parameters.deliveryHistoryWeight',
    (t) => t.parameters.deliveryHistoryWeight,
    0,
    1_000_000,
    'it counts jobs',
  ),
  range(
    'registration.riseBps',
    (t) => t.registration.riseBps,
    0,
    100_000,
    'a price that jumps further cannot be planned for',
  ),
  range(
    'registration.decayBps',
    (t) => t.registration.decayBps,
    0,
    10_000,
    'it is a share of what is above the floor',
  ),
  range('maximumExperts', (t) => t.maximumExperts, 3, 4_096, 'a shard has three members at least'),
  range('immunityEpochs', (t) => t.immunityEpochs, 0, 1_000_000, 'somebody must be able to make room'),
  range('permits', (t) => t.permits, 1, 256, 'somebody must rank, and a network has 256 validators at most'),
  range(
    'ranking.kappaU16',
    (t) => t.ranking.kappaU16,
    16_384,
    58_982,
    'a quarter to nine tenths of the stake must stand behind a weight, of 65,535: with less one decides alone, with more one can veto',
  ),
  range('ranking.bondsPenaltyU16', (t) => t.ranking.bondsPenaltyU16, 0, 65_535, 'it is a share of 65,535'),
  range(
    'ranking.bondsMovingAverageMillionths',
    (t) => t.ranking.bondsMovingAverageMillionths,
    0,
    999_999,
    'bonds that keep all of the past never begin',
  ),
  range(
    'ranking.alphaLowU16',
    (t) => t.ranking.alphaLowU16,
    1,
    65_535,
    'bonds that keep all of the past never begin',
  ),
  range('ranking.alphaHighU16', (t) => t.ranking.alphaHighU16, 1, 65_535, 'it is a share of 65,535'),
  range(
    'ranking.alphaSigmoidSteepness',
    (t) => t.ranking.alphaSigmoidSteepness,
    1,
    32_767,
    'steeper than this is a step already',
  ),
  range(
    'ranking.activityCutoffEpochs',
    (t) => t.ranking.activityCutoffEpochs,
    1,
    1_000_000,
    'weights count one epoch after they are promised',
  ),
  range(
    'emission.perEpochMicro',
    (t) => t.emission.perEpochMicro,
    0n,
    mostPerEpochMicro,
    'the ranking divides no more without loss',
  ),
  range('emission.halvingEpochs', (t) => t.emission.halvingEpochs, 1, 2 ** 32, 'it counts epochs'),
  range(
    'emission.ownerShareBps',
    (t) => t.emission.ownerShareBps,
    0,
    5_000,
    'an owner takes half of an emission at most',
  ),
];
