import { whatChanged } from './edition-changes.js';
import { bar, byId, element, pill } from './elements.js';
import { formatCount, formatLoss } from './numbers.js';

/** @import { Edition, PublishedEdition, Status } from './types.d.ts' */

/** What the ledger has of the editions: who chose them, and what their parts are paid. @type {ReadonlyMap<string, PublishedEdition>} */
let published = new Map();
/** @type {readonly Edition[]} */
let listed = [];
/** What is drawn: drawing the same again would undo a reader's scrolling. */
let drawn = '';

/**
 * Draws the edition in force of the first market, and the ones before it.
 * @param {Status} status
 */
export function showEdition({ markets: [market] }) {
  listed = market?.editions ?? [];
  draw();
}

/** Reads what the ledger has of a market's editions, and draws them again. @param {string} market */
export async function refreshEditions(market) {
  const response = await fetch(`/v1/ledger/editions?market=${encodeURIComponent(market)}`);
  if (!response.ok) throw new Error('The editions could not be read.');
  const { editions } = /** @type {{ editions: readonly PublishedEdition[] }} */ (await response.json());
  published = new Map(editions.map((edition) => [edition.hash, edition]));
  draw();
}

function draw() {
  const wanted = JSON.stringify([listed, [...published]]);
  if (wanted === drawn) return;
  drawn = wanted;
  const inForce = listed.find(({ isInForce }) => isInForce);
  byId('edition').hidden = inForce === undefined;
  if (inForce === undefined) return;
  const { name, parts, dimensions, hash, fromEpoch } = inForce;
  const told = published.get(hash);
  byId('edition-name').textContent = name;
  byId('edition-summary').textContent =
    `Answers every text since epoch ${formatCount(fromEpoch)}: ${experts(parts.length)} side by side, ${formatCount(dimensions)} numbers a text.`;
  // What a new edition pays is read a little later than the edition itself.
  const shares =
    told && parts.map((_, index) => (told.shares?.millionths[index] ?? 1e6 / parts.length) / 1e6);
  const most = Math.max(...(shares ?? []));
  byId('edition-parts').replaceChildren(...parts.map((part, index) => partRow(part, shares?.[index], most)));
  byId('edition-pay').textContent = payLine(inForce, told);
  const all = [...listed].sort((a, b) => b.number - a.number);
  byId('edition-history').replaceChildren(
    ...all.map((edition) =>
      historyItem(
        edition,
        listed.find(({ number }) => number === edition.number - 1),
      ),
    ),
  );
}

/**
 * @param {Edition['parts'][number]} part
 * @param {number | undefined} share of the service fee, 0 to 1
 * @param {number} most the largest share
 */
function partRow({ name, isHere, dimensions, weight, lowersLoss }, share, most) {
  return element('tr', {}, [
    element('th', { scope: 'row' }, [
      element('div', { class: 'expert-name' }, [
        element('span', { text: name }),
        isHere ? pill('serving', 'here') : pill('absent', 'away'),
      ]),
    ]),
    element('td', { text: formatCount(dimensions) }),
    element('td', { text: String(weight) }),
    share === undefined
      ? unknown()
      : element('td', {}, [
          element('span', { text: `${(100 * share).toFixed(1)} %` }),
          bar('earned', share / most),
        ]),
    lowersLoss === undefined ? unknown() : element('td', { text: signed(lowersLoss) }),
  ]);
}

function unknown() {
  return element('td', {}, [element('span', { class: 'none', text: '–' })]);
}

/** @param {number} loss */
function signed(loss) {
  return loss < 0 ? `−${formatLoss(-loss)}` : formatLoss(loss);
}

/** @param {Edition} edition @param {PublishedEdition | undefined} told */
function payLine({ parts }, told) {
  if (told === undefined) return '';
  const worth = parts.flatMap(({ lowersLoss }) => lowersLoss ?? []);
  const left = worth.reduce((loss, each) => loss - each, 0.5);
  const together =
    worth.length === parts.length
      ? ` Together they bring the loss from 0.5, which is chance, to ${formatLoss(left)}.`
      : '';
  if (told.shares === undefined)
    return `Paid in equal parts: too few texts have been examined to say who adds what.${together}`;
  const { epoch, exams } = told.shares;
  return `Paid by what each adds in exams: ${formatCount(exams.texts)} examined texts, published in epoch ${formatCount(epoch)}.${together}`;
}

/** @param {Edition} edition @param {Edition | undefined} before */
function historyItem(edition, before) {
  const told = published.get(edition.hash);
  const chosenBy =
    told === undefined
      ? ''
      : told.exams === undefined
        ? ', chosen by the market’s owner'
        : `, chosen by ${formatCount(told.exams.texts)} examined texts`;
  return element('li', {}, [
    element('strong', { text: edition.name }),
    element('span', {
      class: 'quiet',
      text: ` from epoch ${formatCount(edition.fromEpoch)}, ${formatCount(edition.dimensions)} numbers${chosenBy}`,
    }),
    element('p', { text: whatChanged(edition, before) }),
  ]);
}

/** @param {number} count */
function experts(count) {
  return count === 1 ? 'one expert' : `${count} experts`;
}
