import { bar, byId, element, lossBar, pill } from './elements.js';
import { formatCount, formatCredits, formatLoss } from './numbers.js';

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
    figure(formatCredits(expert.earnedMicro), bar('earned', Number(expert.earnedMicro) / mostMicro)),
  ]);
}

/** @param {Training} training */
function trainingRow(training) {
  return row([
    element('th', { scope: 'row' }, [
      element('div', { class: 'expert-name' }, [element('span', { text: training.name }), pill('training')]),
    ]),
    element('td', { colspan: '3' }, [trainingProgress(training)]),
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
