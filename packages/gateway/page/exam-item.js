import { element, lossBar, pill } from './elements.js';
import { jobFoot, receiptLink, textLine } from './job-foot.js';
import { formatCredits, formatLoss, formatShare } from './numbers.js';

/** @import { Job } from './types.d.ts' */
/** @typedef {Job['members'][number]} Member */

/**
 * An exam: who was drawn for it, with which loss, and who is paid for which text.
 * @param {readonly Job[]} jobs one of each text; all have the same members
 */
export function examItem(jobs) {
  const first = /** @type {Job} */ (jobs[0]);
  const texts = Math.max(first.texts ?? 1, jobs.length);
  if (texts === 1)
    return element('li', { class: 'job exam', 'data-receipt': first.receiptId }, [
      textLine(first),
      memberList(jobs),
      jobFoot('exam', jobs, [receiptLink(first)]),
    ]);
  return element('li', { class: 'job exam' }, [
    element('p', { class: 'exam-title', text: titleOf(texts, jobs.length) }),
    textLine(jobs.find(({ preview }) => preview !== undefined) ?? first),
    memberList(jobs),
    element('details', { class: 'each-text' }, [
      element('summary', { text: 'The loss on each text' }),
      element('ol', { class: 'exam-texts' }, jobs.map(examText)),
    ]),
    jobFoot('exam', jobs),
  ]);
}

/**
 * Of a long list the beginning is cut, and an exam in it.
 * @param {number} texts
 * @param {number} shown
 */
function titleOf(texts, shown) {
  return `Exam of ${texts} texts${shown < texts ? `, ${shown} of them here` : ''}`;
}

/** @param {readonly Job[]} jobs */
function memberList(jobs) {
  const members = (jobs[0]?.members ?? []).map((member) => {
    const won = jobs.filter(({ winner }) => winner === member.id).length;
    const losses = jobs.flatMap((job) => lossIn(job, member) ?? []);
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    return { member, won, mean: losses.length === 0 ? undefined : mean };
  });
  // Winners first: earlier losses count too, so they need not have the smallest loss of this exam.
  members.sort((a, b) => b.won - a.won || (a.mean ?? 1) - (b.mean ?? 1));
  return element(
    'ul',
    { class: 'job-members' },
    members.map(({ member, won, mean }) => memberItem(member, mean, won, jobs.length)),
  );
}

/** @param {Job} job @param {Member} member */
function lossIn(job, member) {
  return job.members.find(({ id }) => id === member.id)?.loss;
}

/**
 * @param {Member} member
 * @param {number | undefined} loss mean over the texts
 * @param {number} won texts that it is paid for
 * @param {number} texts
 */
function memberItem({ name, friend, probation, outcome, slashed }, loss, won, texts) {
  const result = element('span', { class: 'loss' });
  if (outcome !== undefined) result.append(pill(slashed ? 'slashed' : 'probation', outcome));
  else if (loss === undefined) result.textContent = 'no answer';
  else if (won === 0) result.textContent = formatLoss(loss);
  else result.textContent = `✓\u00a0${texts === 1 ? '' : `${won}/${texts}\u00a0· `}${formatLoss(loss)}`;
  if (won > 0)
    result.setAttribute(
      'title',
      `Winner, paid for ${texts === 1 ? 'the text' : `${won} of ${texts} texts`}: the lowest loss, its earlier exams on such texts counted in`,
    );
  if (probation) result.append(' ', pill('probation'));
  return element('li', { class: won > 0 ? 'job-member is-winner' : 'job-member' }, [
    memberName(name, friend),
    loss === undefined ? element('span') : lossBar(loss),
    result,
  ]);
}

/** A text among others of its exam: each member's loss on it, the winner's marked. @param {Job} job */
function examText(job) {
  const losses = job.members.map((member) => {
    const isWinner = member.id === job.winner;
    const text = `${isWinner ? '✓ ' : ''}${workerOf(member)} ${member.loss === undefined ? '–' : formatLoss(member.loss)}`;
    return element('span', { class: isWinner ? 'is-winner' : undefined, text });
  });
  const fee = job.outcome === 'refunded' ? 'fee returned' : `${formatCredits(job.feeMicro)} credits`;
  return element('li', { 'data-receipt': job.receiptId }, [
    textLine(job),
    element('p', { class: 'exam-losses' }, [
      ...losses,
      element('span', { class: 'exam-fee', text: `${fee} ` }, [receiptLink(job)]),
    ]),
  ]);
}

/** @param {Member} member */
function workerOf({ name, friend }) {
  return (friend ?? { name }).name;
}

/**
 * Who was drawn, and after an arrow who worked in its place, with the share of the fee that this friend gets.
 * @param {string} name
 * @param {Member['friend']} friend
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
