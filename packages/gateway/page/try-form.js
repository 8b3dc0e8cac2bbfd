import { byId, element } from './elements.js';
import { formatCredits, formatDuration } from './numbers.js';

/**
 * Shows the box to type a text when the gateway has a key for it. The key stays in the gateway.
 * @param {boolean} canTry
 */
export function showTryForm(canTry) {
  byId('try').hidden = !canTry;
}

export function startTryForm() {
  const form = /** @type {HTMLFormElement} */ (byId('try'));
  const text = /** @type {HTMLTextAreaElement} */ (byId('try-text'));
  const button = /** @type {HTMLButtonElement} */ (form.querySelector('button'));

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    button.disabled = true;
    say('Running…');
    try {
      const response = await fetch('/v1/try', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text: text.value }),
      });
      const answer = await response.json();
      if (response.ok) sayAnswer(answer);
      else say(answer.error.message, 'failed');
    } catch {
      say('The market could not be reached. Is it still running?', 'failed');
    } finally {
      button.disabled = false;
    }
  });

  text.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
}

/** @param {string} sentence @param {string} [state] */
function say(sentence, state = 'done') {
  const result = byId('try-result');
  result.dataset.state = state;
  result.textContent = sentence;
}

/** @param {{ receiptId: string, edition: string, isExamined: boolean, feeMicro: string, tokens: number, dimensions: number, durationMs: number }} answer */
function sayAnswer({ receiptId, edition, isExamined, feeMicro, dimensions, durationMs }) {
  const how = isExamined ? `${edition} answered; experts were examined on it` : `${edition} answered`;
  say(
    `${how}: ${dimensions} numbers in ${formatDuration(durationMs)} for ${formatCredits(feeMicro)} credits. `,
  );
  byId('try-result').append(
    element('a', { href: `/v1/receipts/${encodeURIComponent(receiptId)}`, text: 'Receipt' }),
  );
}
