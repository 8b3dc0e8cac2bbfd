import type { Amount, Clock } from '@market-of-experts/core';
import { limits } from '@market-of-experts/protocol';
import type { Slots } from './slots.ts';
import type { TextRequest } from './text-request.ts';

/** A text to examine experts on, alone or with others in one job. */
export interface CompetingText {
  readonly request: TextRequest;
  readonly bytes: number;
  /** Told, once, when it is about to be ordered. */
  readonly onBegin?: () => void;
}

/** A text that experts were examined on. */
export interface ExaminedText {
  readonly receiptId: string;
  readonly feeMicro: Amount;
}

/** One that waits, or is in a job. The first answer or error counts. */
export interface QueuedText extends CompetingText {
  answer(examined: ExaminedText): void;
  fail(error: unknown): void;
  /** It has been answered or failed. */
  isOver(): boolean;
}

export interface BatchQueueInit {
  readonly slots: Slots;
  readonly clock: Clock;
  /** Texts that a job may have now. */
  readonly mostData: () => number;
  /** Answers, or fails, every text of a batch but those that it gives back: these are to be run each alone. Never rejects. */
  readonly run: (batch: readonly QueuedText[]) => Promise<readonly QueuedText[]>;
  /** How long a text waits for others before its job begins; default 0: it begins with what waits for a slot. */
  readonly waitMs?: number | undefined;
  /** Where a text lies, so that texts of one region are told from one another; default: nobody knows. */
  readonly regionOf?: ((text: string) => number | undefined) | undefined;
}

/** Texts that wait for a job: whoever gets a slot first takes others along, who then wait for none. */
export interface BatchQueue {
  /** Resolves with its answer. Rejects as the job does, and with the reason of the request's signal while it waits. */
  examine(text: CompetingText): Promise<ExaminedText>;
}

export function batchQueue(init: BatchQueueInit): BatchQueue {
  const { slots, clock, waitMs = 0, regionOf } = init;
  /** Texts that are in no job yet, each with what takes it out of the line for slots. */
  const waiting = new Map<QueuedText, AbortController>();

  const takeAlong = (queued: QueuedText): void => {
    const line = waiting.get(queued);
    waiting.delete(queued);
    line?.abort(new Error('The text is in a job.'));
  };

  /** The text and who goes along: of its region first, of other accounts first, as they came. */
  const batchFor = (first: QueuedText): readonly QueuedText[] => {
    waiting.delete(first);
    const most = Math.min(init.mostData(), limits.orders);
    const batch = [first];
    if (most === 1) return batch;
    const region = regionOf?.(first.request.text);
    const isNear = ({ request }: QueuedText): boolean => regionOf?.(request.text) === region;
    const near = new Map([...waiting.keys()].map((each) => [each, isNear(each)] as const));
    const candidates = [...waiting.keys()].sort((a, b) => Number(near.get(b)) - Number(near.get(a)));
    const accounts = new Set([first.request.account]);
    let bytes = first.bytes;
    for (const isStranger of [true, false])
      for (const each of candidates) {
        if (batch.length >= most) return batch;
        if (!waiting.has(each) || each.request.signal.aborted) continue;
        if (isStranger && accounts.has(each.request.account)) continue;
        if (bytes + each.bytes > limits.batchBytes) continue;
        bytes += each.bytes;
        accounts.add(each.request.account);
        takeAlong(each);
        batch.push(each);
      }
    return batch;
  };

  const runBatch = async (batch: readonly QueuedText[]): Promise<void> => {
    for (const each of await init.run(batch))
      slots.run(() => runBatch([each]), each.request).catch((error: unknown) => each.fail(error));
  };

  /** Waits for others and for a slot, and begins a job then; neither once another job has taken the text along. */
  const begin = async (queued: QueuedText, line: AbortSignal): Promise<void> => {
    // Those that come together go together.
    if (init.mostData() > 1) await (waitMs > 0 ? clock.sleep(waitMs, line) : undefined);
    await slots.run(
      async () => {
        if (!waiting.has(queued)) return;
        const batch = batchFor(queued);
        for (const each of batch) each.onBegin?.();
        await runBatch(batch);
      },
      { ...queued.request, signal: line },
    );
  };

  return {
    async examine(text) {
      const { promise, resolve, reject } = Promise.withResolvers<ExaminedText>();
      let isOver = false;
      const queued: QueuedText = {
        ...text,
        answer(examined) {
          isOver = true;
          resolve(examined);
        },
        fail(error) {
          isOver = true;
          reject(error);
        },
        isOver: () => isOver,
      };
      const line = new AbortController();
      waiting.set(queued, line);
      begin(queued, AbortSignal.any([text.request.signal, line.signal])).catch((error: unknown) => {
        // It has left the queue; who is in a job stays in it, and its answer is paid for.
        if (waiting.delete(queued)) queued.fail(error);
      });
      return promise;
    },
  };
}
