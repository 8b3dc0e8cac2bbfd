import { decode, encode, hashOf, type NodeId, type OwnerKey, signBody } from '@market-of-experts/core';
import { type OrderBody, orderDomain } from '@market-of-experts/protocol';
import { type LedgerMarket, ledgerMarket } from '@market-of-experts/testing/ledger-market';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { protocols, ticketResponseSchema } from '../../src/messages/protocols.ts';

let market: LedgerMarket;
beforeEach(async () => {
  market = await ledgerMarket({ funded: ['thief'] });
});
afterEach(() => market.close());

/** What the validator answers to an order of a client, brought by the coordinator that it names. */
async function ask(client: OwnerKey, changes: Partial<OrderBody> = {}) {
  const { hash } = market.view.current();
  const order = signBody(client, orderDomain, {
    network: market.ledger.network,
    market: market.market,
    client: client.address,
    clientSeq: 0,
    coordinator: market.gateway.self,
    dataHash: hashOf('test', 'a text'),
    bytes: 100,
    maxFeeMicro: 1_000n,
    tipMicro: 0n,
    deadlineMs: market.clock.nowMs() + 30_000,
    ...changes,
  });
  const bytes = await market.gateway.request(
    market.validators[0] as NodeId,
    protocols.ticket,
    encode({ orders: [order], roster: hash }),
    { timeoutMs: 1_000 },
  );
  return decode(bytes, ticketResponseSchema).ticket;
}

describe('a ticket', () => {
  const client = () => market.ownerOf('client-0');

  it('is released for an order that the ledger can settle, and again for the same', async () => {
    const ticket = await ask(client());
    expect(await ask(client())).toEqual(ticket);
  });

  it.each<[string, RegExp, () => Promise<unknown>]>([
    ['has no money locked', /no money locked/, () => ask(market.ownerOf('thief'))],
    ['has less than the order may cost', /less money/, () => ask(client(), { maxFeeMicro: 10_000_000n })],
    [
      'numbers orders far ahead, to use up the list',
      /unsettled orders/,
      () => ask(client(), { clientSeq: 5_000 }),
    ],
    [
      'orders for another market',
      /is for ledger-market\/elsewhere/,
      () => ask(client(), { market: 'elsewhere' as never }),
    ],
    [
      'orders something that ends in ten years',
      /within 10 minutes/,
      () => ask(client(), { deadlineMs: market.clock.nowMs() + 315_360_000_000 }),
    ],
  ])('is not released when the client %s', async (_, reason, asking) => {
    await expect(asking()).rejects.toThrow(reason);
  });

  it('is not released against what the client is taking out, whatever gateway asks', async () => {
    const before = market.ledger.prepaid(client().address, market.market)!.lockedMicro;
    await market.ledger.transact(client(), {
      kind: 'unlock',
      market: market.market,
      amountMicro: before - 999n,
    });
    await expect(ask(client())).rejects.toThrow(/less money locked, besides what it is taking out/);
    await ask(client(), { maxFeeMicro: 999n });
  });

  it('is not released for two orders of one number: nobody chooses among draws', async () => {
    await ask(client());
    await expect(ask(client(), { bytes: 101 })).rejects.toThrow(/Another order with this number/);
    await ask(client(), { clientSeq: 1, bytes: 101 });
  });
});
