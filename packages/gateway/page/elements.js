/**
 * Makes an element. Text is only ever set as text, never parsed as HTML: what the page shows comes from strangers.
 * @param {string} tag
 * @param {{ class?: string | undefined, text?: string | undefined, title?: string | undefined, [attribute: string]: string | undefined }} [options]
 * @param {readonly Node[]} [children]
 * @returns {HTMLElement}
 */
export function element(tag, { class: className, text, ...attributes } = {}, children = []) {
  const node = document.createElement(tag);
  if (className !== undefined) node.className = className;
  if (text !== undefined) node.textContent = text;
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/**
 * A small bar. It repeats a number that stands beside it, so it is hidden from screen readers.
 * @param {string} kind
 * @param {number} share filled part, 0 to 1
 */
export function bar(kind, share) {
  const fill = element('i');
  fill.style.setProperty('--share', String(Math.min(1, Math.max(0, share))));
  return element('span', { class: 'bar', 'data-kind': kind, 'aria-hidden': 'true' }, [fill]);
}

/** Loss at which a bar is full; chance (0.5) is marked at five sixths of it. */
const fullLoss = 0.6;

/** @param {number} loss */
export function lossBar(loss) {
  return bar('loss', loss / fullLoss);
}

/** @param {string} state @param {string} [text] */
export function pill(state, text = state) {
  return element('span', { class: 'pill', 'data-state': state, text });
}

/** @param {string} id @returns {HTMLElement} */
export function byId(id) {
  const node = document.getElementById(id);
  if (node === null) throw new Error(`The page has no element "${id}".`);
  return node;
}
