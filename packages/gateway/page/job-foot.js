import { element, pill } from './elements.js';
import { formatCredits, formatDuration, formatTime } from './numbers.js';

/** @import { Job } from './types.d.ts' */

/**
 * The text of a job, where everybody may read it.
 * @param {Job} job
 */
export function textLine({ preview }) {
  return preview === undefined
    ? element('p', { class: 'job-text quiet', text: 'text of a client' })
    : element('p', { class: 'job-text', dir: 'auto', text: preview });
}

/** @param {Job} job @param {string} [text] @param {string} [title] */
export function receiptLink({ receiptId }, text = 'receipt', title) {
  return element('a', { href: `/v1/receipts/${encodeURIComponent(receiptId)}`, text, title });
}

/**
 * What was paid in sum, when, and how long it took.
 * @param {string} what a word for it
 * @param {readonly Job[]} jobs of one exam, or of one text
 * @param {readonly HTMLElement[]} [more]
 */
export function jobFoot(what, jobs, more = []) {
  const first = /** @type {Job} */ (jobs[0]);
  const feeMicro = jobs.reduce((sum, job) => sum + BigInt(job.feeMicro), 0n).toString();
  const isRefunded = jobs.every(({ outcome }) => outcome === 'refunded');
  return element('div', { class: 'job-foot' }, [
    pill(isRefunded ? 'refunded' : first.outcome, isRefunded ? 'refunded' : what),
    element('time', { text: formatTime(first.atMs), datetime: new Date(first.atMs).toISOString() }),
    // Of a tally it is how long it was open, which tells nobody anything.
    ...(first.mode === 'route'
      ? []
      : [element('span', { text: formatDuration(Math.max(...jobs.map(({ durationMs }) => durationMs))) })]),
    element('span', { text: isRefunded ? 'fee returned' : `${formatCredits(feeMicro)} credits` }),
    ...(first.kind === 'house'
      ? [element('span', { text: 'house', title: 'Texts of the market itself' })]
      : []),
    ...more,
  ]);
}
