import { isMoeError } from '@market-of-experts/core';
import { overloaded, requestAborted } from '../backend-errors.ts';

export interface MicroBatcherInit {
  readonly name: string;
  /** Sends one batch. Aborts when nobody waits for it any more. */
  readonly send: (texts: readonly string[], signal: AbortSignal) => Promise<Float32Array[]>;
  /** Most texts in one batch. */
  readonly maxBatch: number;
  /** Most batches on their way at once. */
  readonly maxConcurrent: number;
  /** Most texts that may wait for a batch; more are refused with `overloaded`. */
  readonly maxWaiting: number;
}

/** Texts of one caller that travel together. */
interface Part {
  readonly texts: readonly string[];
  readonly resolve: (vectors: Float32Array[]) => void;
  readonly reject: (error: unknown) => void;
  /** The batch that it is part of, once sent. */
  batch?: Batch;
  isGone: boolean;
}

interface Batch {
  readonly controller: AbortController;
  waiters: number;
}

/**
 * Joins concurrent calls into batches: those made in one go (before the next microtask), and those that arrive
 * while all slots are busy. A lone call goes out at once.
 */
export class MicroBatcher {
  private readonly init: MicroBatcherInit;
  private readonly queue: Part[] = [];
  private waiting = 0;
  private running = 0;
  private isScheduled = false;

  constructor(init: MicroBatcherInit) {
    this.init = init;
  }

  async embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]> {
    if (signal?.aborted) throw requestAborted();
    if (texts.length === 0) return [];
    if (this.waiting + texts.length > this.init.maxWaiting) throw overloaded(this.init.name, this.waiting);
    const { maxBatch } = this.init;
    if (texts.length <= maxBatch) return await this.enqueue(texts, signal);
    const parts: Promise<Float32Array[]>[] = [];
    for (let start = 0; start < texts.length; start += maxBatch)
      parts.push(this.enqueue(texts.slice(start, start + maxBatch), signal));
    return (await Promise.all(parts)).flat();
  }

  private enqueue(texts: readonly string[], signal: AbortSignal | undefined): Promise<Float32Array[]> {
    const { promise, resolve, reject } = Promise.withResolvers<Float32Array[]>();
    const part: Part = { texts, resolve, reject, isGone: false };
    this.queue.push(part);
    this.waiting += texts.length;
    if (!this.isScheduled) {
      this.isScheduled = true;
      queueMicrotask(() => {
        this.isScheduled = false;
        this.fillSlots();
      });
    }
    if (signal === undefined) return promise;
    const onAbort = () => this.abandon(part);
    signal.addEventListener('abort', onAbort, { once: true });
    return promise.finally(() => signal.removeEventListener('abort', onAbort));
  }

  private abandon(part: Part): void {
    part.isGone = true;
    part.reject(requestAborted());
    const { batch } = part;
    if (batch === undefined) {
      const place = this.queue.indexOf(part);
      if (place < 0) return;
      this.queue.splice(place, 1);
      this.waiting -= part.texts.length;
    } else if (--batch.waiters === 0) batch.controller.abort();
  }

  private fillSlots(): void {
    while (this.queue.length > 0 && this.running < this.init.maxConcurrent) {
      const parts: Part[] = [];
      let size = 0;
      while (this.queue.length > 0 && size + this.queue[0]!.texts.length <= this.init.maxBatch) {
        const part = this.queue.shift()!;
        size += part.texts.length;
        parts.push(part);
      }
      this.waiting -= size;
      this.running++;
      void this.run(parts).finally(() => {
        this.running--;
        this.fillSlots();
      });
    }
  }

  private async run(parts: readonly Part[]): Promise<void> {
    const batch: Batch = { controller: new AbortController(), waiters: parts.length };
    for (const part of parts) part.batch = batch;
    try {
      const texts = parts.length === 1 ? parts[0]!.texts : parts.flatMap((part) => part.texts);
      const vectors = await this.init.send(texts, batch.controller.signal);
      let start = 0;
      for (const part of parts) {
        part.resolve(parts.length === 1 ? vectors : vectors.slice(start, start + part.texts.length));
        start += part.texts.length;
      }
    } catch (error) {
      // One caller's text may be what the server refuses: the others get their answers one by one.
      if (parts.length > 1 && !(isMoeError(error) && error.isRetryable)) {
        for (const part of parts) if (!part.isGone) await this.run([part]);
      } else for (const part of parts) part.reject(error);
    }
  }
}
