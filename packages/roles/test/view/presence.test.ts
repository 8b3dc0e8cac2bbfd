import type { NodeId } from '@market-of-experts/core';
import { ledgerMarket } from '@market-of-experts/testing/ledger-market';
import { expect, it } from 'vitest';
import { presenceBook } from '../../src/view/presence.ts';

const [first, second] = ['first', 'second'] as NodeId[];

it('says who is here and who pauses, and tells of every change but the end of a pause', () => {
  const presence = presenceBook();
  let changes = 0;
  const unsubscribe = presence.onChange(() => {
    changes += 1;
  });
  let isPaused = false;
  presence.enter(first!, () => isPaused);
  presence.enter(second!, () => false);
  expect(presence.now()).toEqual({ here: new Set([first, second]), paused: new Set() });
  isPaused = true;
  presence.paused(first!);
  expect(presence.now().paused).toEqual(new Set([first]));
  presence.leave(second!);
  presence.leave(second!);
  expect(presence.now().here).toEqual(new Set([first]));
  expect(changes).toBe(4);
  unsubscribe();
  presence.leave(first!);
  expect(changes).toBe(4);
});

it('is all that a roster has besides the ledger: who is away is not drawn, who comes back is', async () => {
  const market = await ledgerMarket();
  try {
    const before = market.view.current();
    market.presence.leave(market.experts[0]!);
    const without = market.view.current().roster.experts.map(({ node }) => node);
    expect(without.sort()).toEqual(market.experts.slice(1).sort());
    market.presence.enter(market.experts[0]!, () => false);
    expect(market.view.current().hash).toBe(before.hash);
  } finally {
    await market.close();
  }
});
