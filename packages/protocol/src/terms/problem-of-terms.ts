import { formatCredits } from '@market-of-experts/core';
import { taskOf } from './task-of.ts';
import type { MarketTerms } from './terms.ts';
import { rangesOf } from './terms-ranges.ts';

/** Seats of a job: more members do not fit a certificate. */
const seats = 16;

/**
 * Why a market cannot run on these terms, in a sentence that says what would do; undefined when it can. First each number
 * by itself, then what must fit together.
 */
export function problemOfTerms(terms: MarketTerms): string | undefined {
  for (const { name, of, least, most, because } of rangesOf(terms.task)) {
    const value = of(terms);
    if (!(value >= least && value <= most) || (typeof value === 'number' && !Number.isInteger(value)))
      return `${name} is ${value}; it must be a whole number from ${least} to ${most}: ${because}.`;
  }
  return (
    taskOf(terms.task).problemOf(terms) ??
    problemOfTitle(terms) ??
    problemOfShard(terms) ??
    problemOfTimes(terms) ??
    problemOfPenalties(terms) ??
    problemOfPrices(terms) ??
    problemOfRanking(terms)
  );
}

function problemOfTitle({ title }: MarketTerms): string | undefined {
  if (title.trim() === '') return 'title is empty: say in a sentence what the market is for.';
  return undefined;
}

function problemOfShard({ parameters, maximumExperts }: MarketTerms): string | undefined {
  const { shardSize, probationSeats, probationJobs, minimumScored, quorumBps } = parameters;
  if (shardSize + probationSeats > seats)
    return `A job has ${shardSize} paid seats and ${probationSeats} for newcomers: ${seats} together at most.`;
  if (probationJobs > 0 && probationSeats === 0)
    return `Newcomers sit in on ${probationJobs} jobs, but no job has a seat for them: set probationSeats to 1 or more, or probationJobs to 0.`;
  if (maximumExperts < shardSize)
    return `A shard of ${shardSize} cannot be filled by ${maximumExperts} experts: maximumExperts must be ${shardSize} or more.`;
  if (minimumScored > shardSize)
    return `${minimumScored} members must be scored, but a shard has only ${shardSize}: minimumScored must be ${shardSize} or less.`;
  const atCut = Math.ceil((shardSize * quorumBps) / 10_000);
  if (atCut < minimumScored)
    return `The cut closes with ${atCut} of ${shardSize} members, but ${minimumScored} must be scored: raise quorumBps or lower minimumScored.`;
  return undefined;
}

function problemOfTimes({ parameters }: MarketTerms): string | undefined {
  const { cutGraceMs, sealedDeadlineMs, fullDeadlineMs, revealDeadlineMs, claimTtlMs, maximumClaims } =
    parameters;
  if (cutGraceMs > sealedDeadlineMs)
    return `Stragglers have ${cutGraceMs} ms, but the sealed half ends after ${sealedDeadlineMs} ms: cutGraceMs must not be longer.`;
  const jobMs = sealedDeadlineMs + fullDeadlineMs + revealDeadlineMs;
  if (maximumClaims > 0 && claimTtlMs > jobMs)
    return `A friend is held for ${claimTtlMs} ms, but a job lasts ${jobMs} ms at most: claimTtlMs must not be longer.`;
  return undefined;
}

function problemOfPenalties({ parameters: { slashBps } }: MarketTerms): string | undefined {
  const { late, 'no-reveal': noReveal, 'wrong-reveal': wrongReveal, equivocation } = slashBps;
  if (late > noReveal)
    return `Being late costs ${late} and not revealing ${noReveal} hundredths of a per cent: slashBps.no-reveal must not be below slashBps.late, or who is late would rather not answer.`;
  if (noReveal > wrongReveal)
    return `Not revealing costs ${noReveal} and revealing something else ${wrongReveal} hundredths of a per cent: slashBps.wrong-reveal must not be below slashBps.no-reveal, or who has nothing would reveal anything.`;
  if (wrongReveal > equivocation)
    return `Revealing something else costs ${wrongReveal} and equivocation ${equivocation} hundredths of a per cent: slashBps.equivocation must not be below slashBps.wrong-reveal.`;
  return undefined;
}

function problemOfPrices({ registration }: MarketTerms): string | undefined {
  const { floorMicro, capMicro, riseBps, decayBps } = registration;
  if (capMicro < floorMicro)
    return `The price of a registration is ${formatCredits(floorMicro)} credits at least and ${formatCredits(capMicro)} at most: registration.capMicro must not be below registration.floorMicro.`;
  if (floorMicro === 0n && capMicro > 0n)
    return 'A registration that costs nothing at first never costs more: give registration.floorMicro, or set registration.capMicro to 0 for free registrations.';
  if (capMicro > floorMicro && riseBps > 0 && decayBps === 0)
    return 'The price of a registration would only rise: set registration.decayBps to 1 or more.';
  return undefined;
}

function problemOfRanking({ ranking }: MarketTerms): string | undefined {
  if (ranking.alphaLowU16 > ranking.alphaHighU16)
    return `ranking.alphaLowU16 is ${ranking.alphaLowU16}, above ranking.alphaHighU16, which is ${ranking.alphaHighU16}: exchange them.`;
  if (ranking.liquidAlpha && ranking.method !== 'yuma3')
    return `Liquid alpha belongs to the method yuma3, and ranking.method is ${ranking.method}: choose yuma3 or set ranking.liquidAlpha to false.`;
  return undefined;
}
