import type { ExpertStatus } from '@market-of-experts/api/experts';
import type { NodeId } from '@market-of-experts/core';
import { openTestMarket, ownerKeyOf, temporaryDirectory } from '@market-of-experts/testing/test-market';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type EmbeddedMarket, embeddedMarketId } from '../src/embedded-market.ts';

const directory = temporaryDirectory();
let market: EmbeddedMarket;
beforeAll(async () => {
  market = await openTestMarket(directory.path);
});
afterAll(async () => {
  await market?.close();
  directory.remove();
});

it('tells, once, of an expert whose owner takes it out, and that it serves no more', async () => {
  const left: ExpertStatus[] = [];
  market.service.subscribe((event) => {
    if (event.type === 'expert-left') left.push(event.expert);
  });
  const node = market.service.status().experts.find(({ name }) => name === 'mixed')!.id as NodeId;
  const record = market.ledger.expert(embeddedMarketId, node)!;
  const owner = [`mixed-owner`, `expert-mixed-owner`]
    .flatMap((name) => {
      try {
        return [ownerKeyOf(directory.path, name)];
      } catch {
        return [];
      }
    })
    .find(({ address }) => address === record.owner)!;
  await market.ledger.transact(owner, {
    kind: 'deregister',
    target: { role: 'expert', market: embeddedMarketId, node },
  });
  expect(left.map(({ id, name, state }) => [id, name, state])).toEqual([[node, 'mixed', 'offline']]);
  const treasury = ownerKeyOf(directory.path, 'treasury');
  await market.ledger.transact(treasury, { kind: 'transfer', to: record.owner, amountMicro: 1_000_000n });
  expect(left).toHaveLength(1);
});
