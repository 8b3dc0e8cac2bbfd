const firstPauseMs = 100;
const longestPauseMs = 5_000;

/** Whether an HTTP status says that the same request may succeed later. */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/**
 * Pause before retry number `retry` (0 for the first): exponential with full jitter, `random` being in [0, 1),
 * and never shorter than what the server asked for in `Retry-After` (seconds or an HTTP date).
 */
export function retryPauseMs(
  retry: number,
  random: number,
  retryAfter: string | undefined,
  nowMs: number,
): number {
  const ceiling = Math.min(longestPauseMs, firstPauseMs * 2 ** retry);
  return Math.max(Math.ceil(ceiling * random), parseRetryAfterMs(retryAfter, nowMs));
}

function parseRetryAfterMs(value: string | undefined, nowMs: number): number {
  if (value === undefined) return 0;
  if (/^\d+(\.\d+)?$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? 0 : Math.max(0, date - nowMs);
}
