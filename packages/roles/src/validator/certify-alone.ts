import type { Clock, JobId, NodeId } from '@market-of-experts/core';
import { askingMs, nextWitnessMs, patienceMs } from '../job/job-times.ts';
import type { MarketView } from '../view/market-view.ts';
import type { WitnessedJob } from './witnessed-jobs.ts';

export interface CertifyAloneInit {
  readonly self: NodeId;
  readonly view: Pick<MarketView, 'prepaid'>;
  readonly clock: Clock;
  /** Has those reveal whom the coordinator has not asked. */
  readonly complete: (witnessed: WitnessedJob) => Promise<void>;
  /** Tries to have a job certified and known to all; false if it should be tried again. */
  readonly conclude: (witnessed: WitnessedJob) => Promise<boolean>;
  /** Nothing more is to be done about a job. */
  readonly onDone: (job: JobId) => void;
}

/** Watches over jobs whose work is delivered, until they are settled. */
export interface CertifyingAlone {
  /** False if it watches over as many as it can. */
  watch(witnessed: WitnessedJob): boolean;
  /** Ends with the requests that are under way: whoever closes the connection ends these. */
  close(): Promise<void>;
}

interface Watched {
  readonly witnessed: WitnessedJob;
  dueMs: number;
  step: 'complete' | 'conclude';
  attempts: number;
}

const retryMs = 5_000;
const maxRetryMs = 60_000;
/** About an hour. */
const maxAttempts = 64;
/** More than a market delivers in the time of one job; beyond it, what is known of jobs goes as it did before. */
const maxWatched = 8_192;
/** Jobs that are attended to at once: most of the time goes by in waiting for those that do not answer. */
const maxBusy = 64;

/** Whether the coordinator of a job has had its time. */
export function isOverdue({ deliveredMs, job }: WitnessedJob, clock: Pick<Clock, 'steadyMs'>): boolean {
  return deliveredMs !== undefined && clock.steadyMs() >= deliveredMs + patienceMs(job.roster.parameters);
}

/**
 * Has jobs certified that nobody settles. Usually there is nothing to do: the numbers of its orders are settled long before its
 * witnesses would begin.
 */
export function certifyingAlone(init: CertifyAloneInit): CertifyingAlone {
  const { self, view, clock } = init;
  const watched = new Map<JobId, Watched>();
  const busy = new Map<JobId, Promise<void>>();
  const stopped = new AbortController();
  let running: Promise<void> | undefined;
  let nap: { readonly untilMs: number; readonly wake: () => void } | undefined;

  const isSettled = ({ job: { orders } }: WitnessedJob): boolean =>
    orders.every(({ body }) => (view.prepaid(body.client)?.nextOrderSeq ?? 0) > body.clientSeq);

  /** Half a turn later than the others would agree: they have heard of the work a little earlier or later. */
  const turnMs = ({ job: { draw, roster } }: WitnessedJob): number =>
    patienceMs(roster.parameters) + (draw.witnesses.indexOf(self) + 0.5) * nextWitnessMs;

  /** One step; the result: whether there is another. */
  const takeStep = async (each: Watched): Promise<boolean> => {
    const { witnessed } = each;
    if (isSettled(witnessed)) return false;
    if (each.step === 'complete') {
      each.step = 'conclude';
      each.dueMs = witnessed.deliveredMs! + turnMs(witnessed);
      await init.complete(witnessed).catch(() => undefined);
      return true;
    }
    each.attempts += 1;
    if (await init.conclude(witnessed).catch(() => false)) return false;
    each.dueMs = clock.steadyMs() + Math.min(retryMs * each.attempts, maxRetryMs);
    return each.attempts < maxAttempts;
  };
  const attend = async (id: JobId): Promise<void> => {
    const hasMore = await takeStep(watched.get(id)!);
    busy.delete(id);
    if (!hasMore) {
      watched.delete(id);
      init.onDone(id);
    }
    nap?.wake();
  };
  const sleepUntil = async (untilMs: number): Promise<void> => {
    const wake = new AbortController();
    nap = { untilMs, wake: () => wake.abort() };
    const signal = AbortSignal.any([stopped.signal, wake.signal]);
    if (untilMs < Infinity)
      await clock.sleep(Math.max(0, untilMs - clock.steadyMs()), signal).catch(() => undefined);
    else await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    nap = undefined;
  };
  const run = async (): Promise<void> => {
    while (watched.size > 0 && !stopped.signal.aborted) {
      let nextMs = Infinity;
      for (const [id, { dueMs }] of watched) {
        if (busy.has(id)) continue;
        if (busy.size >= maxBusy) break;
        if (dueMs <= clock.steadyMs()) busy.set(id, attend(id));
        else nextMs = Math.min(nextMs, dueMs);
      }
      await sleepUntil(busy.size >= maxBusy ? Infinity : nextMs);
    }
    running = undefined;
  };
  return {
    watch(witnessed) {
      if (watched.size >= maxWatched || stopped.signal.aborted) return false;
      const { id, roster } = witnessed.job;
      const dueMs = clock.steadyMs() + askingMs('reveal', roster.parameters);
      watched.set(id, { witnessed, dueMs, step: 'complete', attempts: 0 });
      if (nap !== undefined && nap.untilMs > dueMs) nap.wake();
      running ??= run();
      return true;
    },
    async close() {
      stopped.abort();
      await running;
      await Promise.all(busy.values());
    },
  };
}
