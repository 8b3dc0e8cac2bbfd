const count = new Intl.NumberFormat('en');

/** @param {number} value */
export function formatCount(value) {
  return count.format(value);
}

/**
 * Credits of a decimal string of micro-credits, exact, without trailing zeros.
 * @param {string} micro
 */
export function formatCredits(micro) {
  const amount = BigInt(micro);
  const sign = amount < 0n ? '−' : '';
  const magnitude = amount < 0n ? -amount : amount;
  const fraction = (magnitude % 1_000_000n).toString().padStart(6, '0').replace(/0+$/, '');
  return `${sign}${count.format(magnitude / 1_000_000n)}${fraction === '' ? '' : `.${fraction}`}`;
}

/** @param {number} loss */
export function formatLoss(loss) {
  return loss.toFixed(3);
}

/** @param {number} durationMs */
export function formatDuration(durationMs) {
  return durationMs < 1_000 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1_000).toFixed(1)} s`;
}

/** @param {number} atMs */
export function formatTime(atMs) {
  return new Date(atMs).toLocaleTimeString('en-GB');
}

/**
 * Hundredths of a percent as percent: `4000` is `40 %`, `1250` is `12.5 %`.
 * @param {number} bps
 */
export function formatShare(bps) {
  return `${Number((bps / 100).toFixed(1))} %`;
}
