import { type NodeId, shareBps } from '@market-of-experts/core';
import type { CertifiedMember } from '@market-of-experts/protocol';
import type { CellObservation, JobObservation } from './late-market.ts';

/** What became of the seats that are looked at. Shares are of those seats; money is per 1,000 of them. */
export interface Figures {
  readonly jobs: number;
  readonly seats: number;
  /** Late with the sealed half and late with the full one, as certified: both cost the seat's part of the fee. */
  readonly lateSealedShare: number;
  readonly lateFullShare: number;
  /** Late seats per seat, both stages, and its 95 % interval (Wilson). */
  readonly lateShare: number;
  readonly lateLow: number;
  readonly lateHigh: number;
  /** Sealed twice and not revealed: the whole fee. */
  readonly noRevealShare: number;
  readonly noRevealLow: number;
  readonly noRevealHigh: number;
  /** Out of the job, not paid and not slashed. */
  readonly missedShare: number;
  readonly declinedShare: number;
  /** Of the seats slashed, those to which a message of the coordinator took a spike: nobody saw that but they. */
  readonly slashedAskedLateShare: number;
  /** What an expert earns and loses in 1,000 jobs that it sits in. */
  readonly incomeMicroPer1000: number;
  readonly lateCostMicroPer1000: number;
  readonly noRevealCostMicroPer1000: number;
  /** Of the income; low and high follow from the interval of the late seats. */
  readonly lateCostShare: number;
  readonly lateCostLow: number;
  readonly lateCostHigh: number;
  readonly noRevealCostShare: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Jobs that ended without a winner: nothing charged. */
  readonly refundShare: number;
}

/** `whom`: the chosen expert's seats, everybody's, or everybody's but his. */
export function figuresOf(
  { jobs, parameters, chosen }: CellObservation,
  whom: 'all' | 'chosen' | 'others',
): Figures {
  const counts = { sealed: 0, full: 0, noReveal: 0, missed: 0, declined: 0, askedLate: 0 };
  const wanted = (member: CertifiedMember): boolean =>
    whom === 'all' || (member.principal === chosen) === (whom === 'chosen');
  let seats = 0;
  let incomeMicro = 0;
  let lateMicro = 0;
  let noRevealMicro = 0;
  /** What a late seat costs, were there one. */
  let usualMicro = 0;
  for (const job of jobs) {
    const { outcome } = job;
    if (outcome === undefined) continue;
    const { members, data } = outcome.certificate.body;
    const { feeMicro } = data[0]!;
    const committed = new Set(outcome.transcript.commits.map(({ body }) => body.principal));
    const earnedMicro = Number(feeMicro - shareBps(feeMicro, parameters.feeBps));
    for (const member of members.filter(wanted)) {
      seats += 1;
      // What the seats of a job earn on average: who wins is another study.
      incomeMicro += earnedMicro / members.length;
      usualMicro += Number(feeMicro) / parameters.shardSize;
      const isSlashed = count(counts, member, committed);
      const lostMicro = Number(member.slashMicro + member.workerSlashMicro);
      if (member.outcome === 'late') lateMicro += lostMicro;
      if (member.outcome === 'no-reveal') noRevealMicro += lostMicro;
      if (isSlashed && job.askedLate.has(member.principal)) counts.askedLate += 1;
    }
  }
  const late = counts.sealed + counts.full;
  const per1000 = (micro: number): number => (seats === 0 ? 0 : (1_000 * micro) / seats);
  const [lateLow, lateHigh] = wilson(late, seats);
  const [noRevealLow, noRevealHigh] = wilson(counts.noReveal, seats);
  const oneLateMicro = late > 0 ? lateMicro / late : ratio(usualMicro, seats);
  const durationsMs = jobs.map(({ durationMs }) => durationMs).sort((a, b) => a - b);
  const at = (share: number): number => durationsMs[Math.floor(share * (durationsMs.length - 1))] ?? 0;
  return {
    jobs: jobs.length,
    seats,
    lateSealedShare: ratio(counts.sealed, seats),
    lateFullShare: ratio(counts.full, seats),
    lateShare: ratio(late, seats),
    lateLow,
    lateHigh,
    noRevealShare: ratio(counts.noReveal, seats),
    noRevealLow,
    noRevealHigh,
    missedShare: ratio(counts.missed, seats),
    declinedShare: ratio(counts.declined, seats),
    slashedAskedLateShare: ratio(counts.askedLate, late + counts.noReveal),
    incomeMicroPer1000: Math.round(per1000(incomeMicro)),
    lateCostMicroPer1000: Math.round(per1000(lateMicro)),
    noRevealCostMicroPer1000: Math.round(per1000(noRevealMicro)),
    lateCostShare: ratio(lateMicro, incomeMicro),
    lateCostLow: ratio(lateLow * seats * oneLateMicro, incomeMicro),
    lateCostHigh: ratio(lateHigh * seats * oneLateMicro, incomeMicro),
    noRevealCostShare: ratio(noRevealMicro, incomeMicro),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    refundShare: ratio(jobs.filter(isRefund).length, jobs.length),
  };
}

/** Counts a seat; true when it was slashed. Throws for what no honest expert's seat may come to. */
function count(
  counts: { sealed: number; full: number; noReveal: number; missed: number; declined: number },
  { outcome, principal }: CertifiedMember,
  committed: ReadonlySet<NodeId>,
): boolean {
  switch (outcome) {
    case 'late':
      counts[committed.has(principal) ? 'full' : 'sealed'] += 1;
      return true;
    case 'no-reveal':
      counts.noReveal += 1;
      return true;
    case 'missed':
      counts.missed += 1;
      return false;
    case 'declined':
      counts.declined += 1;
      return false;
    case 'scored':
    case 'dissenting':
    case 'outlier':
      return false;
    default:
      throw new Error(`An honest expert came to be "${outcome}".`);
  }
}

function isRefund({ outcome }: JobObservation): boolean {
  return outcome === undefined || outcome.certificate.body.data[0]!.winner === null;
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : Number((part / whole).toPrecision(4));
}

/** 95 % interval of a share (E. B. Wilson 1927): sound for the few late ones of a thousand. */
function wilson(hits: number, of: number): [number, number] {
  if (of === 0) return [0, 1];
  const z = 1.96;
  const share = hits / of;
  const middle = share + (z * z) / (2 * of);
  const spread = z * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  const whole = 1 + (z * z) / of;
  return [Math.max(0, (middle - spread) / whole), Math.min(1, (middle + spread) / whole)];
}
