import { invalidOutput, overloaded, requestAborted } from './backend-errors.ts';
import { VectorCache } from './vector-cache.ts';

export interface EmbeddingQueueInit<Input> {
  readonly name: string;
  /** Turns a text into what the model reads. Called once per text, when it is queued. */
  readonly prepare: (text: string) => Input;
  /** Cost of an input: a batch costs as much as its longest member for each of its members. */
  readonly lengthOf: (input: Input) => number;
  /** Runs the model: one vector per input, in order. Never called twice at a time. */
  readonly run: (inputs: readonly Input[]) => Promise<readonly Float32Array[]>;
  readonly maxBatch: number;
  /** Most texts that may wait; more are refused with `overloaded`. */
  readonly maxWaiting: number;
  readonly cacheBytes: number;
}

interface Item<Input> {
  readonly text: string;
  readonly input: Input;
  readonly length: number;
  /** Callers that still want the vector. */
  waiters: number;
  readonly settled: Promise<Float32Array>;
  readonly resolve: (vector: Float32Array) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Puts the texts of concurrent callers into common batches of similar length, each text once: a text that is
 * being encoded already is joined, one that was encoded lately comes from the cache. The returned vectors
 * are shared and must not be changed.
 *
 * Callers take turns: a batch starts with the longest text of the caller whose turn it is and is filled up
 * with texts of at least half that length, so one caller's thousand texts do not hold up another's single one.
 */
export class EmbeddingQueue<Input> {
  private readonly init: EmbeddingQueueInit<Input>;
  private readonly cache: VectorCache;
  private readonly known = new Map<string, Item<Input>>();
  /** Per caller, waiting items from short to long; callers in the order of their turn. */
  private readonly calls: Item<Input>[][] = [];
  private waiting = 0;
  private isRunning = false;

  constructor(init: EmbeddingQueueInit<Input>) {
    this.init = init;
    this.cache = new VectorCache(init.cacheBytes);
  }

  async embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly Float32Array[]> {
    if (signal?.aborted) throw requestAborted();
    if (this.waiting + texts.length > this.init.maxWaiting) throw overloaded(this.init.name, this.waiting);
    const fresh = this.createItems(texts);
    const own: Item<Input>[] = [];
    const vectors: Promise<Float32Array>[] = [];
    const ready: (Float32Array | undefined)[] = texts.map((text) => {
      const cached = this.cache.get(text);
      if (cached !== undefined) return cached;
      const item = this.known.get(text)!;
      item.waiters++;
      own.push(item);
      vectors.push(item.settled);
      return undefined;
    });
    if (vectors.length === 0) return ready as Float32Array[];
    if (fresh.length > 0) {
      this.calls.push(fresh.sort((left, right) => left.length - right.length));
      this.waiting += fresh.length;
      void this.drain();
    }
    const computed = await this.orAborted(Promise.all(vectors), own, signal);
    let next = 0;
    return ready.map((vector) => vector ?? computed[next++]!);
  }

  /**
   * The texts that nobody has asked for yet, made known. All of them are prepared before any is: one that cannot be
   * fails its own call and leaves nothing behind that others would wait for.
   */
  private createItems(texts: readonly string[]): Item<Input>[] {
    const fresh = new Map<string, Item<Input>>();
    for (const text of texts)
      if (!fresh.has(text) && !this.known.has(text) && this.cache.get(text) === undefined)
        fresh.set(text, this.createItem(text));
    for (const item of fresh.values()) this.known.set(item.text, item);
    return [...fresh.values()];
  }

  private createItem(text: string): Item<Input> {
    const input = this.init.prepare(text);
    const length = this.init.lengthOf(input);
    const { promise, resolve, reject } = Promise.withResolvers<Float32Array>();
    // Every caller may be gone when the model fails.
    promise.catch(() => {});
    return { text, input, length, waiters: 0, settled: promise, resolve, reject };
  }

  private async orAborted<T>(
    work: Promise<T>,
    own: readonly Item<Input>[],
    signal: AbortSignal | undefined,
  ): Promise<T> {
    if (signal === undefined) return await work;
    const { promise, reject } = Promise.withResolvers<never>();
    const onAbort = () => {
      for (const item of own) if (--item.waiters === 0) this.drop(item);
      reject(requestAborted());
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([work, promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Takes an item that nobody waits for out of the queue; one that is being encoded just finishes. */
  private drop(item: Item<Input>): void {
    for (const [turn, items] of this.calls.entries()) {
      const place = items.indexOf(item);
      if (place < 0) continue;
      items.splice(place, 1);
      if (items.length === 0) this.calls.splice(turn, 1);
      this.known.delete(item.text);
      this.waiting--;
      return;
    }
  }

  private async drain(): Promise<void> {
    if (this.isRunning) return;
    this.isRunning = true;
    // What arrives in the same turn of the event loop shares the first batch.
    await nextTurn();
    while (this.calls.length > 0) {
      const batch = this.takeBatch();
      try {
        const vectors = await this.init.run(batch.map(({ input }) => input));
        if (vectors.length !== batch.length)
          throw invalidOutput(this.init.name, `${vectors.length} vectors for ${batch.length} texts`);
        for (const [index, item] of batch.entries()) {
          this.cache.set(item.text, vectors[index]!);
          item.resolve(vectors[index]!);
        }
      } catch (error) {
        for (const item of batch) item.reject(error);
      }
      for (const item of batch) this.known.delete(item.text);
      await nextTurn();
    }
    this.isRunning = false;
  }

  private takeBatch(): Item<Input>[] {
    const batch: Item<Input>[] = [];
    const longest = this.calls[0]!.at(-1)!.length;
    const rotated = this.calls.splice(0);
    const first = rotated.shift()!;
    for (const items of [first, ...rotated]) {
      for (let place = items.length - 1; place >= 0 && batch.length < this.init.maxBatch; place--) {
        const { length } = items[place]!;
        if (length <= longest && length * 2 >= longest) batch.push(...items.splice(place, 1));
      }
    }
    this.calls.push(...[...rotated, first].filter((items) => items.length > 0));
    this.waiting -= batch.length;
    return batch;
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
