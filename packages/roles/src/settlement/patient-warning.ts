import type { Clock } from '@market-of-experts/core';

/** The same sentence is not said again for this long. */
const repeatMs = 3_600_000;

/** For what is tried again and again: says a sentence when it is a new one, and once an hour while it stays the same. */
export function patientWarning(
  clock: Clock,
  onWarning: (message: string) => void,
): (message: string) => void {
  let last = { message: '', saidMs: 0 };
  return (message) => {
    const nowMs = clock.steadyMs();
    if (message === last.message && nowMs - last.saidMs < repeatMs) return;
    last = { message, saidMs: nowMs };
    onWarning(message);
  };
}
