import { byId } from './elements.js';
import { examItem } from './exam-item.js';
import { formatCredits } from './numbers.js';
import { servedItem } from './served-item.js';

/** @import { Job } from './types.d.ts' */

/** Exams and served texts that are listed: a long exam has a dozen texts. */
const shownItems = 20;
/** Screen readers hear of a job at most this often, however many there are. */
const announceEveryMs = 3_000;
let announcedAtMs = Number.NEGATIVE_INFINITY;

/** What the list shows, by what its jobs have in common: an exam with its texts, or a served text with its parts. @type {Map<string, { jobs: Job[], item: HTMLElement }>} */
const shown = new Map();

/**
 * Draws the last jobs, newest first, in place of what is shown.
 * @param {readonly Job[]} jobs the latest first
 */
export function showJobs(jobs) {
  shown.clear();
  byId('jobs').replaceChildren();
  for (const job of [...jobs].reverse().sort((a, b) => a.atMs - b.atMs)) put(job);
  showWhetherEmpty();
}

/**
 * Puts a job that has just happened on top, or to the others of its exam or its text.
 * @param {Job} job
 */
export function addJob(job) {
  if (!put(job, 'is-new')) return;
  showWhetherEmpty();
  const nowMs = performance.now();
  if (nowMs - announcedAtMs < announceEveryMs) return;
  announcedAtMs = nowMs;
  byId('announcement').textContent = sentenceOf(job);
}

/** Returns false for a job that is shown. @param {Job} job @param {string} [mark] */
function put(job, mark) {
  const key = job.together ?? job.receiptId;
  const before = shown.get(key);
  if (before?.jobs.some(({ receiptId }) => receiptId === job.receiptId)) return false;
  const jobs = [...(before?.jobs ?? []), job];
  const item = job.mode === 'route' ? servedItem(jobs) : examItem(jobs);
  shown.set(key, { jobs, item });
  if (before !== undefined) {
    // What a reader has opened stays open.
    if (before.item.querySelector('details[open]')) item.querySelector('details')?.setAttribute('open', '');
    before.item.replaceWith(item);
  } else {
    if (mark !== undefined) item.classList.add(mark);
    byId('jobs').prepend(item);
  }
  for (const [oldest, { item: last }] of shown) {
    if (shown.size <= shownItems) break;
    last.remove();
    shown.delete(oldest);
  }
  return true;
}

/** @param {Job} job */
function sentenceOf(job) {
  const winner = job.members.find((member) => member.id === job.winner);
  if (winner === undefined) return 'A fee was given back.';
  const friend = winner.friend === undefined ? '' : `, who called ${winner.friend.name},`;
  return job.outcome === 'routed'
    ? `${winner.name} answered a text for ${formatCredits(job.feeMicro)} credits.`
    : `${winner.name}${friend} won a text of an exam for ${formatCredits(job.feeMicro)} credits.`;
}

function showWhetherEmpty() {
  byId('jobs-empty').hidden = byId('jobs').childElementCount > 0;
}
