import { stopped } from './errors.ts';

/** Waits; rejects with `request-aborted` as soon as one of the signals is aborted. */
export function pause(ms: number, ...signals: readonly (AbortSignal | undefined)[]): Promise<void> {
  const given = signals.filter((signal) => signal !== undefined);
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      for (const signal of given) signal.removeEventListener('abort', stop);
      reject(stopped());
    };
    const timer = setTimeout(() => {
      for (const signal of given) signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    for (const signal of given) signal.addEventListener('abort', stop);
    if (given.some(({ aborted }) => aborted)) stop();
  });
}
