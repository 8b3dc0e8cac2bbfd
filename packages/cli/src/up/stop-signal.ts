/** Ctrl-C, a supervisor, a closed terminal. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Aborts at the first of these signals. A second Ctrl-C ends the process at once, by the signal itself: leaving
 * through `process.exit` would abort noisily in the middle of a model's run, and the ledger survives either. The
 * other signals are never a second one: supervisors send them to whole groups of processes, of which one passes them on to us,
 * and shells send a hang-up along.
 */
export function stopSignal(onFirst: () => void): AbortController {
  const stop = new AbortController();
  for (const name of signals)
    process.on(name, () => {
      if (!stop.signal.aborted) {
        onFirst();
        stop.abort(new Error('The market is stopping.'));
      } else if (name === 'SIGINT') {
        for (const each of signals) process.removeAllListeners(each);
        process.kill(process.pid, name);
      }
    });
  return stop;
}

/** Resolves when the signal is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
