import type { NodeId } from '@market-of-experts/core';
import { receiveCommit, receiveDecline, type ShardDraw, sealedProgress } from '@market-of-experts/protocol';
import { standardNormal } from '@market-of-experts/roles/calling/policy';
import type { Uniform } from '../chance/random.ts';
import type { SimulatedExpert } from '../population/expert.ts';
import type { Datum, SealedOutcome, Seat } from '../state/decided-job.ts';
import type { MarketState } from '../state/market-state.ts';
import { decide, makeOutlook } from './outlook.ts';
import { beginSimulated, commitOf, declineOf, grantOf } from './statements.ts';

interface Event {
  readonly atMs: number;
  readonly kind: 'asked' | 'claim' | 'refused' | 'commit' | 'decline';
  readonly seat: Seat;
  readonly friends?: readonly SimulatedExpert[];
}

/**
 * The first stage in virtual time: members get the kept half, decide by their policy, claim friends (first come,
 * first served), work and commit, until the protocol's quorum rule closes the cut. Jobs are run one after the other
 * in order of arrival; work of earlier jobs keeps an expert's lines busy for later ones.
 */
export function runSealedStage(
  market: MarketState,
  draw: ShardDraw,
  datum: Datum,
  random: Uniform,
): SealedOutcome {
  const { parameters } = market;
  const seatOf =
    (onProbation: boolean) =>
    (node: NodeId): Seat => ({
      principal: market.expertOf(node),
      onProbation,
      worker: undefined,
      workerBps: 10_000,
      claims: 0,
    });
  const seats = [...draw.members.map(seatOf(false)), ...draw.newcomers.map(seatOf(true))];
  const drawn = new Set(seats.map(({ principal }) => principal));
  const held = new Map<SimulatedExpert, SimulatedExpert>();
  const silent = new Map<SimulatedExpert, boolean>();
  let job = beginSimulated(market, draw, datum);
  let refusals = 0;
  let cutAtMs = datum.atMs + parameters.sealedDeadlineMs;

  const events: Event[] = [];
  const at = (atMs: number, kind: Event['kind'], seat: Seat, friends?: readonly SimulatedExpert[]): void => {
    events.push(friends === undefined ? { atMs, kind, seat } : { atMs, kind, seat, friends });
  };
  const isSilent = (expert: SimulatedExpert): boolean => {
    let answer = silent.get(expert);
    if (answer === undefined) {
      answer = expert.settings.silentShare > 0 && random() < expert.settings.silentShare;
      silent.set(expert, answer);
    }
    return answer;
  };
  const startWork = (seat: Seat, worker: SimulatedExpert, nowMs: number): void => {
    seat.worker = worker;
    if (!isSilent(worker)) at(occupy(worker, nowMs, random) + travelMs(worker, random), 'commit', seat);
  };
  const claimNext = (seat: Seat, friends: readonly SimulatedExpert[], nowMs: number): void => {
    if (friends.length === 0 || seat.claims >= parameters.maximumClaims)
      return startWork(seat, seat.principal, nowMs);
    at(nowMs + travelMs(seat.principal, random) + travelMs(friends[0]!, random), 'claim', seat, friends);
  };

  for (const seat of seats) at(datum.atMs + travelMs(seat.principal, random), 'asked', seat);
  const outlook = makeOutlook(market, draw, seats, drawn, datum, random);
  for (;;) {
    const event = takeEarliest(events);
    if (event === undefined || event.atMs > cutAtMs) break;
    const { seat, atMs, friends = [] } = event;
    if (event.kind === 'asked') {
      if (isSilent(seat.principal)) continue;
      const decision = decide(market, seat, outlook, random);
      if (decision === 'work') startWork(seat, seat.principal, atMs);
      else if (decision === 'decline') at(atMs + travelMs(seat.principal, random), 'decline', seat);
      else claimNext(seat, decision, atMs);
    } else if (event.kind === 'claim') {
      const [friend, ...others] = friends;
      seat.claims += 1;
      const isHeld = held.has(friend!);
      const isBusy = friend!.schedule.waitMs(atMs, friend!.settings.computeMs) > friend!.settings.patienceMs;
      market.reliability.asked(friend!, !isHeld && !isBusy);
      if (isSilent(friend!)) at(atMs + parameters.claimTtlMs, 'refused', seat, others);
      else if (isHeld || isBusy) {
        // Who is only busy learns nothing about its price: others have not come first.
        if (isHeld) friend!.claims.heldAlready += 1;
        refusals += 1;
        at(atMs + travelMs(friend!, random), 'refused', seat, others);
      } else {
        held.set(friend!, seat.principal);
        friend!.claims.won += 1;
        seat.workerBps = friend!.askBps;
        startWork(seat, friend!, atMs);
      }
    } else if (event.kind === 'refused') claimNext(seat, friends, atMs);
    else {
      if (event.kind === 'decline') {
        seat.principal.declines += 1;
        job = receiveDecline(job, declineOf(job, seat));
      } else job = receiveCommit(job, commitOf(job, seat), grantOf(job, seat));
      const progress = sealedProgress(job);
      if (progress === 'all') cutAtMs = Math.min(cutAtMs, atMs);
      else if (progress === 'quorum') cutAtMs = Math.min(cutAtMs, atMs + parameters.cutGraceMs);
    }
  }
  return { seats, job, cutAtMs, held, refusals };
}

/** Time over the network, one way. */
function travelMs(expert: SimulatedExpert, random: Uniform): number {
  return expert.settings.networkMs * Math.exp(expert.settings.jitter * standardNormal(random));
}

/** Has the expert embed something from `nowMs` on; the result is when it is done. */
export function occupy({ schedule, settings }: SimulatedExpert, nowMs: number, random: Uniform): number {
  return schedule.take(nowMs, settings.computeMs * Math.exp(settings.jitter * standardNormal(random)));
}

function takeEarliest(events: Event[]): Event | undefined {
  let earliest = 0;
  for (let index = 1; index < events.length; index += 1)
    if (events[index]!.atMs < events[earliest]!.atMs) earliest = index;
  return events.length === 0 ? undefined : events.splice(earliest, 1)[0];
}
