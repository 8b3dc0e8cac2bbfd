import type { ErrorCode } from '@market-of-experts/core';
import type { BackendSpec } from './backend-spec.ts';

/** What a model thread is told when it starts. */
export interface WorkerSettings {
  readonly modelsDir: string;
  readonly intraOpThreads: number;
}

/** Main thread → model thread. `backend` numbers an opened backend, `call` a request that gets one reply. */
export type ToWorker =
  | { readonly type: 'open'; readonly call: number; readonly backend: number; readonly spec: BackendSpec }
  | {
      readonly type: 'embed';
      readonly call: number;
      readonly backend: number;
      readonly texts: readonly string[];
    }
  | { readonly type: 'abort'; readonly call: number }
  | { readonly type: 'close'; readonly backend: number }
  /** End the thread, between two runs of a model. */
  | { readonly type: 'stop' };

/** Model thread → main thread. Vectors lie one after the other in one transferred buffer. */
export type FromWorker =
  | { readonly type: 'opened'; readonly call: number; readonly name: string; readonly dimensions: number }
  | { readonly type: 'embedded'; readonly call: number; readonly vectors: Float32Array }
  | { readonly type: 'failed'; readonly call: number; readonly error: PlainError };

/** A `MoeError` as plain data (`MoeError.toJSON`). */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly metadata: Record<string, unknown>;
  readonly isRetryable: boolean;
}
