import { byId, element, lossBar, pill } from './elements.js';
import { formatCredits, formatDuration, formatLoss, formatShare, formatTime } from './numbers.js';

/** @import { Job } from './types.d.ts' */

const shownJobs = 30;
/** Screen readers hear of a job at most this often, however many there are. */
const announceEveryMs = 3_000;
let announcedAtMs = Number.NEGATIVE_INFINITY;

/**
 * Draws the last jobs, newest first, in place of what is shown.
 * @param {readonly Job[]} jobs
 */
export function showJobs(jobs) {
  const newestFirst = [...jobs].sort((a, b) => b.atMs - a.atMs).slice(0, shownJobs);
  byId('jobs').replaceChildren(...newestFirst.map((job) => jobItem(job)));
  showWhetherEmpty();
}

/**
 * Puts a job that has just happened on top.
 * @param {Job} job
 */
export function addJob(job) {
  const list = byId('jobs');
  for (const shown of list.children)
    if (shown instanceof HTMLElement && shown.dataset.receipt === job.receiptId) return;
  const item = jobItem(job);
  item.classList.add('is-new');
  list.prepend(item);
  while (list.childElementCount > shownJobs) list.lastElementChild?.remove();
  showWhetherEmpty();

  const nowMs = performance.now();
  if (nowMs - announcedAtMs < announceEveryMs) return;
  announcedAtMs = nowMs;
  const winner = job.members.find((member) => member.id === job.winner);
  byId('announcement').textContent =
    winner === undefined
      ? `A job was ${job.outcome}.`
      : `${winner.name}${winner.friend === undefined ? '' : `, who called ${winner.friend.name},`} ${job.outcome === 'routed' ? 'answered' : 'won'} a job for ${formatCredits(job.feeMicro)} credits.`;
}

function showWhetherEmpty() {
  byId('jobs-empty').hidden = byId('jobs').childElementCount > 0;
}

/** @param {Job} job */
function jobItem(job) {
  // The winner first: earlier losses count too, so it need not have the smallest loss of this job.
  const members = [...job.members].sort(
    (a, b) => Number(b.id === job.winner) - Number(a.id === job.winner) || (a.loss ?? 1) - (b.loss ?? 1),
  );
  const foot = [
    pill(job.outcome),
    element('time', { text: formatTime(job.atMs), datetime: new Date(job.atMs).toISOString() }),
    element('span', { text: formatDuration(job.durationMs) }),
    element('span', {
      text: job.outcome === 'refunded' ? 'fee returned' : `${formatCredits(job.feeMicro)} credits`,
    }),
  ];
  if (job.kind === 'house')
    foot.push(element('span', { text: 'house', title: 'A text of the market itself' }));
  foot.push(element('a', { href: `/v1/receipts/${encodeURIComponent(job.receiptId)}`, text: 'receipt' }));
  return element('li', { class: 'job', 'data-receipt': job.receiptId }, [
    job.preview === undefined
      ? element('p', { class: 'job-text quiet', text: 'text of a client' })
      : element('p', { class: 'job-text', dir: 'auto', text: job.preview }),
    element(
      'ul',
      { class: 'job-members' },
      members.map((member) => memberItem(member, member.id === job.winner)),
    ),
    element('div', { class: 'job-foot' }, foot),
  ]);
}

/**
 * @param {Job['members'][number]} member
 * @param {boolean} isWinner
 */
function memberItem({ name, friend, loss, probation, outcome, slashed }, isWinner) {
  const result = element('span', { class: 'loss' });
  if (outcome !== undefined) result.append(pill(slashed ? 'slashed' : 'probation', outcome));
  else if (loss !== undefined) result.textContent = `${isWinner ? '✓ ' : ''}${formatLoss(loss)}`;
  else result.textContent = isWinner ? '✓ asked' : 'no answer';
  if (isWinner)
    result.setAttribute('title', 'Winner, paid: the lowest loss, its earlier jobs on such texts counted in');
  if (probation) result.append(' ', pill('probation'));
  return element('li', { class: isWinner ? 'job-member is-winner' : 'job-member' }, [
    memberName(name, friend),
    loss === undefined ? element('span') : lossBar(loss),
    result,
  ]);
}

/**
 * Who was drawn, and after an arrow who worked in its place, with the share of the fee that this friend gets.
 * @param {string} name
 * @param {Job['members'][number]['friend']} friend
 */
function memberName(name, friend) {
  if (friend === undefined) return element('span', { class: 'name', text: name, title: name });
  const share = formatShare(friend.askBps);
  return element(
    'span',
    {
      class: 'name has-friend',
      title: `${name} called ${friend.name}, who worked in its place for ${share} of the fee`,
    },
    [
      element('span', { class: 'principal', text: name }),
      element('span', { class: 'arrow', text: ' → ', 'aria-hidden': 'true' }),
      element('span', { class: 'visually-hidden', text: ' called ' }),
      element('span', { class: 'friend', text: friend.name }),
      element('span', { class: 'visually-hidden', text: ' for ' }),
      element('span', { class: 'pill', 'data-state': 'called', text: share }),
    ],
  );
}
