import { type ChildProcess, fork } from 'node:child_process';
import type { BadCase } from './run-cases.ts';

/** Cases of one target, from one seed. */
export interface Batch {
  readonly target: string;
  readonly seed: number;
  readonly cases: number;
}
/** What a process says of a batch. */
export interface Played {
  readonly findings: readonly BadCase[];
  readonly maxRssMb: number;
}
/** What became of all batches. */
export interface Outcome {
  readonly findings: readonly BadCase[];
  /** Batches with a case that did not end in time, or that took the process with it. */
  readonly lost: readonly (Batch & { readonly why: 'hang' | 'exit' })[];
  /** The largest of any process. */
  readonly maxRssMb: number;
}

/**
 * Plays batches on several processes. One that says nothing for `hangMs` is killed, one that dies is counted; both are
 * replaced, and what they held is lost.
 */
export async function playBatches(
  batches: readonly Batch[],
  options: {
    readonly processes: number;
    readonly hangMs: number;
    readonly script?: URL;
    readonly onPlayed: (batch: Batch) => void;
  },
): Promise<Outcome> {
  const queue = [...batches];
  const findings: BadCase[] = [];
  const lost: Outcome['lost'][number][] = [];
  let maxRssMb = 0;
  const script = options.script ?? new URL('./fuzz-process.ts', import.meta.url);

  /** Until the queue is empty or the process is gone. */
  const work = async (): Promise<void> => {
    const child = fork(script, {
      serialization: 'advanced',
      execArgv: ['--no-warnings', '--max-old-space-size=1024'],
    });
    try {
      if ((await answerOf(child, options.hangMs)) !== 'ready')
        throw new Error('The fuzzing process did not start.');
      for (let batch = queue.shift(); batch !== undefined; batch = queue.shift()) {
        child.send(batch);
        const answer = await answerOf(child, options.hangMs);
        options.onPlayed(batch);
        if (typeof answer === 'string') {
          lost.push({ ...batch, why: answer === 'hang' ? 'hang' : 'exit' });
          return;
        }
        findings.push(...answer.findings);
        maxRssMb = Math.max(maxRssMb, answer.maxRssMb);
      }
    } finally {
      await ended(child);
    }
  };
  const keepWorking = async (): Promise<void> => {
    while (queue.length > 0) await work();
  };
  await Promise.all(Array.from({ length: options.processes }, keepWorking));
  return { findings, lost, maxRssMb };
}

function answerOf(child: ChildProcess, hangMs: number): Promise<Played | 'ready' | 'hang' | 'exit'> {
  return new Promise((resolve) => {
    const settle = (answer: Played | 'ready' | 'hang' | 'exit'): void => {
      clearTimeout(timer);
      child.off('message', onMessage).off('exit', onExit);
      resolve(answer);
    };
    const onMessage = (message: unknown): void => {
      // The machine may be slow: only one case that takes too long is a hang, never many that are done one by one.
      if (message === 'alive') timer.refresh();
      else settle(message as Played | 'ready');
    };
    const onExit = (): void => settle('exit');
    const timer = setTimeout(settle, hangMs, 'hang' as const);
    child.on('message', onMessage).on('exit', onExit);
  });
}

/** Asks a process to end, which it does after its files are gone; one that hangs is killed. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await gone;
  clearTimeout(timer);
}
