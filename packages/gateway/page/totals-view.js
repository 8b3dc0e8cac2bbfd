import { byId, element } from './elements.js';
import { formatCount, formatCredits } from './numbers.js';

/** @import { Status } from './types.d.ts' */

/** @param {Status} status */
export function showTotals(status) {
  const { jobs, settledMicro, pendingReceipts, experts, validators, ledger, history } = status;
  byId('totals').replaceChildren(
    total('texts examined', formatCount(jobs.certified)),
    total('tallies of served texts', formatCount(jobs.routed)),
    total('orders refunded', formatCount(jobs.refunded)),
    total('friends called', formatCount(experts.reduce((sum, { callsMade }) => sum + callsMade.jobs, 0))),
    total('credits settled', formatCredits(settledMicro)),
    total('receipts to settle', formatCount(pendingReceipts)),
    total('texts in the history', formatCount(history.records)),
    total(
      `experts, ${validators.length} validator${validators.length === 1 ? '' : 's'}`,
      formatCount(experts.length),
    ),
  );
  byId('notices').replaceChildren(...status.notices.map((text) => element('li', { text })));
  const [market, ...others] = status.markets;
  const also = others.map(({ id, state }) =>
    state === undefined || state === 'serving' ? id : `${id} (${state})`,
  );
  byId('market-line').textContent =
    `${status.network} · ${market === undefined ? 'no market yet' : `${market.id}, ${market.dimensions} dimensions`}` +
    `${also.length === 0 ? '' : ` · beside it ${also.join(', ')}`} · version ${status.version}`;
  const line = byId('ledger-line');
  line.textContent = `ledger #${formatCount(ledger.height)} ${ledger.stateRoot.slice(0, 12)}`;
  line.title = `State root ${ledger.stateRoot}`;
}

/** @param {string} name @param {string} value */
function total(name, value) {
  return element('div', {}, [element('dt', { text: name }), element('dd', { text: value })]);
}
