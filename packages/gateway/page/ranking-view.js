import { bar, byId, element, pill } from './elements.js';
import { formatCount, formatCredits } from './numbers.js';

/** @import { Metagraph, MetagraphNode, Network } from './types.d.ts' */

/** @type {Network | undefined} */
let network;

/**
 * Reads the running epoch and the last ranking of a market, and draws both.
 * @param {string} market
 */
export async function refreshRanking(market) {
  const [networkResponse, metagraphResponse] = await Promise.all([
    fetch('/v1/network'),
    fetch(`/v1/metagraph?market=${encodeURIComponent(market)}`),
  ]);
  if (!networkResponse.ok || !metagraphResponse.ok) throw new Error('The ranking could not be read.');
  network = /** @type {Network} */ (await networkResponse.json());
  showRanking(/** @type {Metagraph} */ (await metagraphResponse.json()));
}

/** Draws how far the epoch is, by the browser's clock. Returns true once its time is over. */
export function showEpoch() {
  if (network === undefined) return false;
  const { epoch, epochStartedMs, epochEndsMs } = network;
  const now = Date.now();
  const share = (now - epochStartedMs) / (epochEndsMs - epochStartedMs);
  const seconds = Math.max(0, Math.ceil((epochEndsMs - now) / 1_000));
  byId('epoch').replaceChildren(
    element('span', { text: `epoch ${formatCount(epoch)}` }),
    bar('epoch', share),
    element('span', { text: seconds > 0 ? `ends in ${seconds} s` : 'ends now' }),
  );
  byId('attendance').replaceChildren(...network.attendance.sentences.map((text) => element('li', { text })));
  return share >= 1;
}

/** @param {Metagraph} metagraph */
function showRanking({ nodes, rankedEpoch, emittedMicro, ownerMicro }) {
  const validators = nodes.filter(({ role }) => role === 'validator');
  const experts = nodes.filter(({ role }) => role === 'expert');
  const isRanked = emittedMicro !== '0';
  byId('ranking-summary').textContent = isRanked
    ? `Epoch ${formatCount(rankedEpoch)} paid ${formatCredits(emittedMicro)} credits, ${formatCredits(ownerMicro)} of them to the market’s owner.`
    : 'Validators promise weights in one epoch, open them in the next, and are ranked at its end.';
  byId('ranked-validators').replaceChildren(
    ...validators.map((node) => row(node, node.dividends, validators)),
  );
  byId('ranked-experts').replaceChildren(...experts.map((node) => row(node, node.incentive, experts)));
  byId('ranking').hidden = nodes.length === 0;
}

/**
 * @param {MetagraphNode} node
 * @param {number} share incentive of an expert, dividends of a validator
 * @param {readonly MetagraphNode[]} others
 */
function row(node, share, others) {
  const most = Math.max(...others.map(({ incentive, dividends }) => Math.max(incentive, dividends)), 1e-9);
  const isServing = node.state === 'serving';
  const marks = [
    ...(node.state === 'leaving' || node.state === 'absent' ? [pill(node.state)] : []),
    ...(node.state === 'new' ? [pill('not active yet')] : []),
    ...(isServing && node.role === 'validator' && !node.permit ? [pill('no permit')] : []),
    ...(isServing && node.role === 'validator' && node.permit && !node.active ? [pill('silent')] : []),
  ];
  return element('tr', {}, [
    element('th', { scope: 'row' }, [
      element('div', { class: 'expert-name' }, [element('span', { text: node.shownAs }), ...marks]),
    ]),
    element('td', { text: formatCredits(node.stakeMicro) }),
    element('td', { text: percent(node.role === 'validator' ? node.validatorTrust : node.consensus) }),
    element('td', {}, [element('span', { text: percent(share) }), bar('earned', share / most)]),
    element('td', { text: formatCredits(node.emissionMicro) }),
  ]);
}

/** @param {number} share 0 to 1 */
function percent(share) {
  return share === 0 ? '–' : `${(100 * share).toFixed(1)} %`;
}
