import type { JobSummary } from '@market-of-experts/api/jobs';
import { cutText, isMoeError } from '@market-of-experts/core';
import type { EmbeddedMarket } from '@market-of-experts/host/embedded-market';
import { type SampleKind, sampleTexts } from '@market-of-experts/training';

/** Examined together, of one kind: texts of other kinds are told apart by their language or layout alone. */
const examTexts = 8;

/** A text that the operator buys a job for, and the kind that tables show it under. */
interface HouseText {
  readonly kind: SampleKind;
  readonly text: string;
}

export interface HouseInit {
  readonly market: EmbeddedMarket;
  /** Jobs at most, in this run of the program. */
  readonly budget: number;
  readonly signal: AbortSignal;
  readonly onJob: (kind: string, job: JobSummary) => void;
}

/**
 * House jobs: the operator pays for exams on shipped sample texts, some at a time, while an expert is on
 * probation or `wanted` kinds are asked for. So newcomers are judged and history grows before clients come.
 */
export interface House {
  /** Puts jobs of these kinds (all when none is named) first in line. */
  ask(kinds: readonly SampleKind[], jobs: number): void;
  /** Resolves when there is nothing left to do, the budget is spent, or the market stops. */
  idle(): Promise<void>;
}

export function openHouse(init: HouseInit): House {
  const { market, signal } = init;
  const queue: HouseText[] = [];
  const turn = new Map<SampleKind, number>();
  let left = init.budget;
  let running: Promise<void> | undefined;
  const kindOfPreview = new Map<string, string>();
  market.service.subscribe((event) => {
    if (!('job' in event) || event.job.kind !== 'house') return;
    const kind = kindOfPreview.get(event.job.preview ?? '');
    if (kind !== undefined) init.onJob(kind, event.job);
  });

  const run = async (): Promise<void> => {
    while (queue.length > 0 && left > 0 && !signal.aborted) {
      const batch = nextBatch(queue, Math.min(left, examTexts));
      left -= batch.length;
      for (const { kind, text } of batch) kindOfPreview.set(cutText(text, 120), kind);
      try {
        await market.examine(
          batch.map(({ text }) => text),
          signal,
        );
      } catch (error) {
        // The house has spent its money: the market goes on with its clients'.
        if (isMoeError(error, 'insufficient-funds')) left = 0;
        else if (signal.aborted) return;
      }
    }
  };

  return {
    ask(kinds, jobs) {
      for (let job = 0; job < jobs; job += 1) {
        const kind = kinds[job % kinds.length]!;
        const texts = sampleTexts(kind);
        const next = turn.get(kind) ?? 0;
        turn.set(kind, next + 1);
        queue.push(texts[next % texts.length]!);
      }
      running = (running ?? Promise.resolve()).then(run);
    },
    idle: () => running ?? Promise.resolve(),
  };
}

/** The first in line and others of its kind, at most so many; they leave the line. */
function nextBatch(queue: HouseText[], most: number): readonly HouseText[] {
  const batch = queue.filter(({ kind }) => kind === queue[0]!.kind).slice(0, most);
  for (const each of batch) queue.splice(queue.indexOf(each), 1);
  return batch;
}
