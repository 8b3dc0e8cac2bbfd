import { bar, byId, element, lossBar, pill } from './elements.js';
import { formatCount, formatCredits, formatLoss, formatShare } from './numbers.js';

/** @import { Expert, Training } from './types.d.ts' */

/**
 * Draws the table of experts, those who earn most first, and below them the trainings that run.
 * @param {readonly Expert[]} experts
 * @param {ReadonlyMap<string, Training>} trainings
 */
export function showExperts(experts, trainings) {
  const known = new Set(experts.map((expert) => expert.name));
  const sorted = [...experts].sort(
    (a, b) => Number(BigInt(b.earnedMicro) - BigInt(a.earnedMicro)) || a.name.localeCompare(b.name),
  );
  const mostMicro = Math.max(1, ...experts.map((expert) => Number(expert.earnedMicro)));
  byId('experts').replaceChildren(
    ...sorted.map((expert) => expertRow(expert, mostMicro, trainings.get(expert.name))),
    ...[...trainings.values()].filter(({ name }) => !known.has(name)).map(trainingRow),
  );
  const serving = experts.filter((expert) => expert.state === 'serving').length;
  byId('experts-summary').textContent = experts.length === 0 ? '' : `${serving} of ${experts.length} serving`;
  byId('experts-empty').hidden = experts.length + trainings.size > 0;
}

/**
 * @param {Expert} expert
 * @param {number} mostMicro
 * @param {Training | undefined} training
 */
function expertRow(expert, mostMicro, training) {
  const name = [element('span', { text: expert.name }), pill(expert.state)];
  if (expert.slashedMicro !== '0')
    name.push(pill('slashed', `slashed ${formatCredits(expert.slashedMicro)}`));
  const heading = [
    element('div', { class: 'expert-name' }, name),
    element('div', { class: 'expert-description quiet', text: expert.description }),
  ];
  if (expert.state === 'training' && training !== undefined) heading.push(trainingProgress(training));
  return row([
    element('th', { scope: 'row' }, heading),
    expert.meanLoss === undefined
      ? figure('–', undefined)
      : figure(formatLoss(expert.meanLoss), lossBar(expert.meanLoss)),
    expert.jobs === 0
      ? figure('–', undefined)
      : figure(
          `${formatCount(expert.wins)} of ${formatCount(expert.jobs)}`,
          bar('wins', expert.wins / expert.jobs),
        ),
    callsCell(expert),
    figure(formatCredits(expert.earnedMicro), bar('earned', Number(expert.earnedMicro) / mostMicro)),
  ]);
}

/**
 * How often it called a friend and was called as one, with what success, and what it asks for when it is called.
 * @param {Expert} expert
 */
function callsCell({ callsMade, callsAnswered, askBps, state }) {
  const lines = [
    callsMade.jobs === 0
      ? undefined
      : element('div', { text: `made ${tally(callsMade)}`, title: 'Friends that it called' }),
    callsAnswered.jobs === 0
      ? undefined
      : element('div', {
          text: `answered ${tally(callsAnswered)}`,
          title: 'Experts in whose place it worked',
        }),
    state === 'training' || state === 'joining'
      ? undefined
      : element('div', {
          class: 'quiet',
          text: `asks ${formatShare(askBps)}`,
          title: 'Share of the fee that it asks for when it is called',
        }),
  ].filter((line) => line !== undefined);
  return element(
    'td',
    { class: 'calls' },
    lines.length > 0 ? lines : [element('span', { class: 'none', text: '–' })],
  );
}

/** @param {Expert['callsMade']} calls */
function tally({ jobs, wins }) {
  return `${formatCount(jobs)}, won ${formatCount(wins)}`;
}

/** @param {Training} training */
function trainingRow(training) {
  return row([
    element('th', { scope: 'row' }, [
      element('div', { class: 'expert-name' }, [element('span', { text: training.name }), pill('training')]),
    ]),
    element('td', { colspan: '4' }, [trainingProgress(training)]),
  ]);
}

/** @param {Training} training */
function trainingProgress({ name, share, loss }) {
  const percent = Math.round(share * 100);
  const progress = element(
    'span',
    {
      class: 'bar',
      'data-kind': 'training',
      role: 'progressbar',
      'aria-label': `training of ${name}`,
      'aria-valuenow': String(percent),
    },
    [...bar('training', share).childNodes],
  );
  const text = `${percent} %${loss === undefined ? '' : ` · loss ${formatLoss(loss)}`}`;
  return element('div', { class: 'training' }, [progress, element('span', { class: 'quiet', text })]);
}

/** @param {string} text @param {HTMLElement | undefined} drawing */
function figure(text, drawing) {
  const number = element('span', { class: drawing === undefined ? 'none' : undefined, text });
  return element('td', {}, drawing === undefined ? [number] : [number, drawing]);
}

/** @param {readonly HTMLElement[]} cells */
function row(cells) {
  return element('tr', {}, cells);
}
