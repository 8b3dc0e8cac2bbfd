import type { Readiness } from '@market-of-experts/api/status';
import { describe, expect, it } from 'vitest';
import { chooseExperts, foundersOf } from '../../src/up/start-experts.ts';
import { untilReady } from '../../src/up/until-ready.ts';

const few = (message: string): Readiness => ({
  isReady: false,
  reasons: [{ code: 'too-few-experts', message }],
  needsRestart: false,
});
const ready: Readiness = { isReady: true, reasons: [], needsRestart: false };

/** The market is in these states, one at each look. */
async function linesWhile(...states: readonly Readiness[]): Promise<readonly string[]> {
  const lines: string[] = [];
  let look = 0;
  await untilReady(
    { readiness: () => states[Math.min(look++, states.length - 1)]! },
    { say: (line) => lines.push(line) },
    new AbortController().signal,
  );
  return lines;
}

describe('untilReady', () => {
  it('says nothing of a market that is ready', async () => {
    expect(await linesWhile(ready)).toEqual([]);
  });

  it('says what is in the way, each thing once', async () => {
    expect(await linesWhile(few('1 of 3.'), few('1 of 3.'), few('2 of 3.'), ready)).toEqual([
      'Not ready yet. 1 of 3.',
      'Not ready yet. 2 of 3.',
      'Ready.',
    ]);
  });

  it('ends with the market', async () => {
    const stop = new AbortController();
    const waiting = untilReady({ readiness: () => few('0 of 3.') }, { say: () => {} }, stop.signal);
    stop.abort();
    await expect(waiting).rejects.toThrow();
  });
});

describe('the experts that open a market', () => {
  it.each([
    ['the usual ones', undefined],
    ['three that take their time', ['minilm-l6', 'lexical', 'static']],
    ['the example of the help', ['minilm-l6', 'use-lite', 'lexical']],
  ])('are at least three without probation: %s', (_, names) => {
    const chosen = chooseExperts(names);
    const founders = foundersOf(chosen);
    expect(founders.length).toBeGreaterThanOrEqual(3);
    expect(founders[0]).toBe('minilm-l6');
    expect(chosen.map(({ name }) => name)).toEqual(expect.arrayContaining([...founders]));
  });

  it('are those that are there at once, where these are enough', () => {
    expect(foundersOf(chooseExperts(undefined))).not.toContain('static');
    expect(foundersOf(chooseExperts(['minilm-l6', 'lexical', 'static']))).toContain('static');
  });
});
