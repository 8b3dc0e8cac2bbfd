import { isMoeError } from '@market-of-experts/core';
import {
  type CertifiedMember,
  certifiedLosses,
  cutJob,
  drawShard,
  type FullJob,
  type MemberOutcome,
  penaltiesOf,
  type SealedJob,
  splitFee,
  winnerOf,
} from '@market-of-experts/protocol';
import type { Uniform } from '../chance/random.ts';
import {
  type Datum,
  type DecidedJob,
  hasCommitted,
  hasDeclined,
  type SealedOutcome,
  type Seat,
} from '../state/decided-job.ts';
import type { MarketState } from '../state/market-state.ts';
import { comparedIn, drawLoss } from './datum.ts';
import { occupy, runSealedStage } from './sealed-stage.ts';

/** Runs one job to its end and books what it leaves behind, except the money: that is the caller's. */
export function runJob(market: MarketState, datum: Datum, seed: string, random: Uniform): DecidedJob {
  const { parameters } = market;
  const draw = drawShard(market.roster, seed as Parameters<typeof drawShard>[1]);
  const sealed = runSealedStage(market, draw, datum, random);
  const isInTime = new Map(sealed.seats.map((seat) => [seat, finishes(seat, sealed, datum, market, random)]));
  for (const seat of sealed.seats)
    if (seat.worker !== undefined) market.reliability.worked(seat.worker, isInTime.get(seat)!);

  const cut = cutOf(sealed.job);
  if (cut === undefined)
    return { datum, sealed, members: [], winner: undefined, split: undefined, slashes: [] };
  const paid = sealed.seats.filter((seat) => !seat.onProbation && isInTime.get(seat));
  const canScore = paid.length >= parameters.minimumScored;

  const compared = comparedIn(parameters);
  const members = sealed.seats.map((seat): CertifiedMember => {
    // Of a friend that did not commit in time the protocol knows nothing: the caller answers for the seat alone.
    const worker = hasCommitted(sealed, seat) ? seat.worker! : seat.principal;
    const isScored = canScore && isInTime.get(seat)!;
    const { global, place } = market.standings.of(worker.node, datum.place);
    const outcome = outcomeOf(seat, sealed, isInTime.get(seat)!, canScore);
    const isCalled = worker !== seat.principal;
    const stakes = {
      feeMicro: market.feeMicro,
      principal: { stakeMicro: seat.principal.stakeMicro, faultyEpochs: 0 },
      friend: isCalled ? { stakeMicro: worker.stakeMicro, faultyEpochs: 0, bps: seat.workerBps } : undefined,
    };
    return {
      principal: seat.principal.node,
      worker: worker.node,
      workerBps: isCalled ? seat.workerBps : 10_000,
      onProbation: seat.onProbation,
      outcome,
      losses: [isScored ? drawLoss(worker, datum, market.scenario, compared) : null],
      standing: {
        global: [global.jobs, global.excessUnits],
        place: [place.jobs, place.excessUnits],
      },
      ...penaltiesOf(outcome, stakes, parameters),
    };
  });
  const inOrder = cut.commits.map(({ body }) => body.principal);
  const won = winnerOf(members, 0, inOrder, parameters);
  const winner = sealed.seats.find(({ principal }) => principal.node === won);
  record(market, datum, sealed, members, winner);
  return {
    datum,
    sealed,
    members,
    winner,
    split:
      winner === undefined
        ? undefined
        : {
            feeMicro: market.feeMicro,
            ...splitFee(
              market.feeMicro,
              parameters.feeBps,
              winner.worker === winner.principal ? 10_000 : winner.workerBps,
            ),
          },
    slashes: members.flatMap(({ principal, worker, slashMicro, workerSlashMicro }) => [
      ...(slashMicro > 0n ? [{ expert: market.expertOf(principal), amountMicro: slashMicro }] : []),
      ...(workerSlashMicro > 0n ? [{ expert: market.expertOf(worker), amountMicro: workerSlashMicro }] : []),
    ]),
  };
}

/** Whether a seat of the cut also embeds the full text before the second deadline. */
function finishes(
  seat: Seat,
  sealed: SealedOutcome,
  datum: Datum,
  market: MarketState,
  random: Uniform,
): boolean {
  if (!hasCommitted(sealed, seat)) return false;
  const worker = seat.worker!;
  const doneMs =
    occupy(worker, sealed.cutAtMs + worker.settings.networkMs, random) + worker.settings.networkMs;
  return doneMs <= datum.atMs + market.parameters.fullDeadlineMs;
}

/** The job after its cut; undefined when too few paid members have committed, and nothing is charged. */
function cutOf(job: SealedJob): FullJob | undefined {
  try {
    return cutJob(job);
  } catch (error) {
    if (isMoeError(error, 'no-quorum')) return undefined;
    throw error;
  }
}

function outcomeOf(seat: Seat, sealed: SealedOutcome, inTime: boolean, canScore: boolean): MemberOutcome {
  if (hasDeclined(sealed, seat)) return 'declined';
  if (!inTime) return 'late';
  return canScore ? 'scored' : 'missed';
}

/** What a certificate teaches: standings at the next settlement, beliefs at once, and who was called. */
function record(
  market: MarketState,
  datum: Datum,
  { held, seats }: SealedOutcome,
  members: readonly CertifiedMember[],
  winner: Seat | undefined,
): void {
  const outcome = { members, place: datum.place, data: [{ winner: winner?.principal.node ?? null }] };
  const losses = certifiedLosses(outcome, 0);
  market.certify(losses);
  for (const { node } of losses) market.expertOf(node).scoredJobs += 1;
  const principalOf = new Map(members.map(({ worker, principal }) => [worker, principal]));
  market.beliefs.observe(
    datum,
    losses.map(({ node, lossUnits, excessUnits, won }) => ({
      expert: market.expertOf(node).index,
      principal: market.expertOf(principalOf.get(node)!).index,
      lossUnits,
      excessUnits,
      won,
    })),
  );
  if (held.size === 0) return;
  // Who is among the best known of the place and was free, but not called, asks too much.
  const seated = new Set(seats.map(({ principal }) => principal));
  for (const index of market.beliefs.bestAt(datum.place)) {
    const expert = market.experts[index]!;
    if (market.maybeCalled(expert) && !held.has(expert) && !seated.has(expert)) expert.claims.lost += 1;
  }
}
