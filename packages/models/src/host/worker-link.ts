import type { Worker } from 'node:worker_threads';
import { MoeError, messageOf } from '@market-of-experts/core';
import type { ExpertBackend } from '../backend.ts';
import { backendUnavailable, overloaded, requestAborted } from '../backend-errors.ts';
import type { BackendSpec } from './backend-spec.ts';
import { unpackVectors } from './packed-vectors.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

export interface WorkerLinkInit {
  /** For messages to people, e.g. `models`. */
  readonly name: string;
  readonly startWorker: () => Worker;
  /** Most texts that may be on their way to the thread. */
  readonly maxTexts?: number;
  /** Most characters that may be on their way to the thread. */
  readonly maxCharacters?: number;
  /** Pause before the second start in a row; doubled for each further one, at most 30 s. */
  readonly restartDelayMs?: number;
}

interface PendingCall {
  readonly texts: number;
  readonly characters: number;
  readonly resolve: (message: FromWorker) => void;
  readonly reject: (error: unknown) => void;
}

interface OpenedBackend {
  readonly spec: BackendSpec;
}

const maxRestartDelayMs = 30_000;
/** Longer than any single run of a model takes. */
const stopTimeoutMs = 20_000;

/**
 * One model thread, kept alive: started on first use; when it crashes, its calls are rejected with
 * `backend-unavailable` and it is started again with its backends, at once the first time and after a growing
 * pause if it has not answered anything since.
 */
export class WorkerLink {
  private readonly init: WorkerLinkInit;
  private worker: Worker | undefined;
  private restartTimer: NodeJS.Timeout | undefined;
  private failuresInARow = 0;
  private isClosed = false;
  private nextNumber = 1;
  private readonly backends = new Map<number, OpenedBackend>();
  private readonly calls = new Map<number, PendingCall>();
  private waitingTexts = 0;
  private waitingCharacters = 0;

  constructor(init: WorkerLinkInit) {
    this.init = init;
  }

  /** Rejects with what the backend's opening throws, or `backend-unavailable`. */
  async open(spec: BackendSpec): Promise<ExpertBackend> {
    const backend = this.nextNumber++;
    this.backends.set(backend, { spec });
    let opened: FromWorker;
    try {
      opened = await this.call((call) => ({ type: 'open', call, backend, spec }), []);
    } catch (error) {
      this.forget(backend);
      throw error;
    }
    if (opened.type !== 'opened') throw backendUnavailable(this.init.name, 'its thread gave a wrong reply.');
    const { name, dimensions } = opened;
    return {
      name,
      dimensions,
      embed: async (texts, options) => {
        if (texts.length === 0) return [];
        if (!this.backends.has(backend)) throw backendUnavailable(name, 'it was closed.');
        const reply = await this.call(
          (call) => ({ type: 'embed', call, backend, texts }),
          texts,
          options?.signal,
        );
        if (reply.type !== 'embedded') throw backendUnavailable(name, 'its thread gave a wrong reply.');
        return unpackVectors(reply.vectors, dimensions);
      },
      close: async () => this.forget(backend),
    };
  }

  /** Ends the thread; what is in flight is rejected. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.restartTimer);
    const { worker } = this;
    this.worker = undefined;
    this.rejectAll(backendUnavailable(this.init.name, 'it was closed.'));
    if (worker !== undefined) await stopWorker(worker);
  }

  private forget(backend: number): void {
    if (this.backends.delete(backend))
      this.worker?.postMessage({ type: 'close', backend } satisfies ToWorker);
  }

  private async call(
    message: (call: number) => ToWorker,
    texts: readonly string[],
    signal?: AbortSignal,
  ): Promise<FromWorker> {
    if (signal?.aborted) throw requestAborted();
    const characters = texts.reduce((sum, text) => sum + text.length, 0);
    if (
      this.waitingTexts + texts.length > (this.init.maxTexts ?? 50_000) ||
      this.waitingCharacters + characters > (this.init.maxCharacters ?? 64 * 1024 * 1024)
    )
      throw overloaded(this.init.name, this.waitingTexts);
    const worker = this.running();
    const number = this.nextNumber++;
    const { promise, resolve, reject } = Promise.withResolvers<FromWorker>();
    this.calls.set(number, { texts: texts.length, characters, resolve, reject });
    this.waitingTexts += texts.length;
    this.waitingCharacters += characters;
    const onAbort = () => {
      worker.postMessage({ type: 'abort', call: number } satisfies ToWorker);
      this.take(number)?.reject(requestAborted());
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      worker.postMessage(message(number));
      return await promise;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.take(number);
    }
  }

  private take(number: number): PendingCall | undefined {
    const call = this.calls.get(number);
    if (call === undefined) return undefined;
    this.calls.delete(number);
    this.waitingTexts -= call.texts;
    this.waitingCharacters -= call.characters;
    return call;
  }

  private running(): Worker {
    if (this.isClosed) throw backendUnavailable(this.init.name, 'it was closed.');
    if (this.restartTimer !== undefined)
      throw backendUnavailable(this.init.name, 'its thread crashed and is about to be started again.');
    this.worker ??= this.start();
    return this.worker;
  }

  private start(): Worker {
    const worker = this.init.startWorker();
    let cause: unknown;
    worker.on('message', (message: FromWorker) => this.onMessage(message));
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('exit', (code) => {
      if (this.worker !== worker) return;
      this.worker = undefined;
      this.onCrash(cause ?? `exit code ${code}`);
    });
    return worker;
  }

  private onMessage(message: FromWorker): void {
    if (message.type === 'embedded') this.failuresInARow = 0;
    const call = this.take(message.call);
    if (call === undefined) return;
    if (message.type !== 'failed') {
      call.resolve(message);
      return;
    }
    const { code, message: text, metadata, isRetryable } = message.error;
    call.reject(new MoeError(code, text, { metadata, isRetryable }));
  }

  private onCrash(cause: unknown): void {
    this.rejectAll(backendUnavailable(this.init.name, `its thread crashed (${messageOf(cause)}).`, cause));
    if (this.backends.size === 0) return;
    this.failuresInARow++;
    const pause =
      this.failuresInARow === 1 ? 0 : (this.init.restartDelayMs ?? 500) * 2 ** (this.failuresInARow - 2);
    this.restartTimer = setTimeout(
      () => {
        this.restartTimer = undefined;
        this.worker = this.start();
        for (const [backend, { spec }] of this.backends)
          this.worker.postMessage({ type: 'open', call: 0, backend, spec } satisfies ToWorker);
      },
      Math.min(pause, maxRestartDelayMs),
    );
  }

  private rejectAll(error: unknown): void {
    for (const number of [...this.calls.keys()]) this.take(number)?.reject(error);
  }
}

/**
 * Asks the thread to end between two runs of a model. `terminate` in the middle of an ONNX run would abort the
 * whole process (the native code meets an exception that it cannot pass on), so it is only the last resort.
 */
async function stopWorker(worker: Worker): Promise<void> {
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  worker.postMessage({ type: 'stop' } satisfies ToWorker);
  const timer = setTimeout(() => void worker.terminate(), stopTimeoutMs);
  await ended;
  clearTimeout(timer);
}
