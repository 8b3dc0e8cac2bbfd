const signals = ['SIGINT', 'SIGTERM'] as const;

/**
 * Aborts at the first Ctrl-C (or SIGTERM). The second ends the process at once, by the signal itself: leaving
 * through `process.exit` would abort noisily in the middle of a model's run, and the ledger survives either.
 */
export function stopSignal(onFirst: () => void): AbortController {
  const stop = new AbortController();
  for (const name of signals)
    process.on(name, () => {
      if (stop.signal.aborted) {
        for (const each of signals) process.removeAllListeners(each);
        process.kill(process.pid, name);
        return;
      }
      onFirst();
      stop.abort(new Error('The market is stopping.'));
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
