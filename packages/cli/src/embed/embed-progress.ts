import { formatCredits } from '@market-of-experts/core';
import { bar } from '../terminal/progress-line.ts';
import { formatCount, formatDuration } from '../terminal/text.ts';
import type { InputItem } from './input.ts';
import type { EmbedTally } from './run-embed.ts';

const barColumns = 20;

/** One line: how far, how fast, how long still, what it has cost. */
export function drawProgress(
  tally: EmbedTally,
  total: number | undefined,
  elapsedMs: number,
  columns: number,
): string {
  const done = tally.embedded + tally.resumed + tally.failed;
  const perMs = tally.embedded / Math.max(1, elapsedMs);
  const parts = [`${formatCount(Math.round(1_000 * perMs))}/s`];
  if (total !== undefined && perMs > 0 && total > done)
    parts.push(`${formatDuration((total - done) / perMs)} left`);
  parts.push(`${formatCredits(tally.costMicro)} credits`);
  if (tally.failed > 0) parts.push(`${formatCount(tally.failed)} failed`);
  if (total === undefined) return `${formatCount(done)} texts · ${parts.join(' · ')}`;
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const front = columns >= 60 ? `${bar(share, barColumns)} ` : '';
  return `${front}${Math.floor(100 * share)} % ${formatCount(done)}/${formatCount(total)} · ${parts.join(' · ')}`;
}

/** How many texts there are; `undefined` if that cannot be told before they are read for real. */
export async function countTexts(
  items: AsyncIterable<InputItem>,
  signal: AbortSignal,
): Promise<number | undefined> {
  let texts = 0;
  try {
    for await (const item of items) {
      if (signal.aborted) return undefined;
      if (item.kind === 'text') texts += 1;
      // Reading must not keep the embedding waiting.
      if (texts % 1_000 === 0) await new Promise(setImmediate);
    }
    return texts;
  } catch {
    // The run itself meets the same error and reports it.
    return undefined;
  }
}
