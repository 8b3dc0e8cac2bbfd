import { Worker } from 'node:worker_threads';
import type { ExpertBackend } from '../backend.ts';
import { loadTokenCounter } from '../minilm/token-counter.ts';
import { turnOffOnnxTelemetry } from '../onnx-telemetry.ts';
import { type BackendSpec, type Lane, laneOf } from './backend-spec.ts';
import { backendOpener } from './open-backend.ts';
import { WorkerLink } from './worker-link.ts';
import type { WorkerSettings } from './worker-messages.ts';

export interface ModelHostInit {
  /** Folder for model files that are built on first use; created when it is missing. */
  readonly modelsDir: string;
  /** Threads that one run of an ONNX model uses; default 2. */
  readonly intraOpThreads?: number;
  /** Starts a model thread; for tests that end one. */
  readonly startWorker?: (lane: Lane, settings: WorkerSettings) => Worker;
}

/** Runs models beside the main thread. */
export interface ModelHost {
  /**
   * Opens a backend. MiniLM variants and the specialists on them share one thread, batches and a cache of base
   * vectors. Rejects with `backend-missing`, `backend-unavailable`, `weights-missing`, `weights-corrupt`,
   * `weights-invalid`, `model-source-missing` or `model-source-changed`.
   */
  open(spec: BackendSpec): Promise<ExpertBackend>;
  /** Tokens of a text as usage counts give them; loads the tokenizer (0.1 s) at the first call. */
  countTokens(text: string): number;
  /**
   * Ends all threads, each after the run of its model that is under way; calls in flight are rejected with
   * `backend-unavailable`. Safe to call twice. Await it before `process.exit`: a process that exits in the middle
   * of an ONNX run is aborted by the native code (exit code 134).
   */
  close(): Promise<void>;
}

export function createModelHost(init: ModelHostInit): ModelHost {
  const settings: WorkerSettings = { modelsDir: init.modelsDir, intraOpThreads: init.intraOpThreads ?? 2 };
  const startWorker = init.startWorker ?? startModelWorker;
  const links = new Map<Lane, WorkerLink>();
  const openHere = backendOpener(settings);
  const openedHere = new Set<ExpertBackend>();
  let counter: ((text: string) => number) | undefined;

  const linkOf = (lane: Lane): WorkerLink => {
    let link = links.get(lane);
    if (link === undefined) {
      link = new WorkerLink({ name: lane, startWorker: () => startWorker(lane, settings) });
      links.set(lane, link);
    }
    return link;
  };

  return {
    open: async (spec) => {
      const lane = laneOf(spec);
      if (lane !== 'main') return await linkOf(lane).open(spec);
      const backend = await openHere(spec);
      openedHere.add(backend);
      return backend;
    },
    countTokens: (text) => {
      counter ??= loadTokenCounter();
      return counter(text);
    },
    close: async () => {
      await Promise.all([
        ...[...links.values()].map((link) => link.close()),
        ...[...openedHere].map((backend) => backend.close()),
      ]);
    },
  };
}

/** The real model thread. It shares nothing with the process's own options (loaders, test runners). */
export function startModelWorker(_lane: Lane, settings: WorkerSettings): Worker {
  turnOffOnnxTelemetry();
  return new Worker(new URL('./model-worker.ts', import.meta.url), { workerData: settings, execArgv: [] });
}
