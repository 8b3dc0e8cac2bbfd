import { encode, generateKeyPair, type NodeId, type OwnerKey } from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';
import {
  findingOf,
  netSettlement,
  type SettlementBody,
  type VoidBody,
  voidEffects,
} from '@market-of-experts/protocol';
import type { SettlementProof } from '@market-of-experts/receipts/settlement-proof';
import { type LedgerMarket, ledgerMarket } from '@market-of-experts/testing/ledger-market';
import { textAbout } from '@market-of-experts/testing/text-about';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call } from '../../src/messages/messaging.ts';
import { protocols } from '../../src/messages/protocols.ts';
import { settlementResponseSchema } from '../../src/messages/settlement-request.ts';

/** More gateways than were once signed for under one number. */
const crowd = Array.from({ length: 70 }, (_, index) => `crowd-${index}`);

let market: LedgerMarket;
beforeEach(async () => {
  market = await ledgerMarket({ funded: ['thief', ...crowd] });
});
afterEach(() => market.close());

const nextBatch = () => market.ledger.market(market.market)!.nextBatch;
const place = () => ({ network: market.ledger.network, market: market.market });
/** Voids of a client's next orders, and the settlement of them that `gateway` proposes. */
const settlementOf = (gateway: NodeId, owner: OwnerKey, reasons: readonly string[], batch = nextBatch()) => {
  const client = owner.address;
  const firstSeq = market.ledger.nextOrderSeq(client, market.market);
  const bodies = reasons.map(
    (reason, index): VoidBody => ({ ...place(), client, clientSeq: firstSeq + index, reason }),
  );
  const settlement = netSettlement(bodies.map(voidEffects), {
    ...place(),
    batch,
    gateway,
    by: gateway,
    nextOrderSeq: () => firstSeq,
  });
  const proofs: SettlementProof[] = bodies.map((body) => ({
    kind: 'void',
    body,
  }));
  return { settlement, proofs };
};
const ask = (by: Transport, request: { settlement: SettlementBody; proofs: readonly SettlementProof[] }) =>
  call(by, market.validators[0]!, protocols.settle, encode(request), settlementResponseSchema, {
    timeoutMs: 5_000,
  });
const served = async (topic: number): Promise<void> => {
  await market.coordinator.examine({
    text: textAbout(topic),
    account: market.clients[0]!,
    mode: 'shard',
    kind: 'client',
    maxFeeMicro: undefined,
    isTextPublic: false,
    signal: new AbortController().signal,
  });
};

describe('a stranger who wants a validator’s signature', () => {
  it('cannot use up the ledger’s next number, nor push what was signed out of memory: the market settles on', async () => {
    const stranger = market.connect(generateKeyPair().publicKey as NodeId);
    const empty = (gateway: NodeId, batch: number): SettlementBody =>
      netSettlement([], { ...place(), batch, gateway, by: gateway, nextOrderSeq: () => 0 });
    await expect(
      ask(stranger, { settlement: empty(market.gateway.self, nextBatch()), proofs: [] }),
    ).rejects.toThrow(/brought by the gateway/);
    await served(1);
    await market.settler.flush();
    expect(nextBatch()).toBe(1);
    const own = settlementOf(market.gateway.self, market.ownerOf('client-1'), ['first']);
    await ask(market.gateway, own);
    for (let batch = 0; batch < 4_097; batch += 1)
      await expect(ask(stranger, { settlement: empty(stranger.self, batch), proofs: [] })).rejects.toThrow(
        /number|settles nothing/,
      );
    await expect(
      ask(market.gateway, settlementOf(market.gateway.self, market.ownerOf('client-1'), ['second'])),
    ).rejects.toThrow(/signed something else/);
    expect((await ask(market.gateway, own)).signature.node).toBe(market.validators[0]);
  });

  it('with money locked for a gateway of his own, gets one signature of a number, and stops nobody else’s', async () => {
    const thief = market.ownerOf('thief');
    const gateway = market.connect(generateKeyPair().publicKey as NodeId);
    await market.ledger.transact(thief, {
      kind: 'lock',
      market: market.market,
      gateway: gateway.self,
      amountMicro: 10_000n,
    });
    await ask(gateway, settlementOf(gateway.self, thief, ['mine']));
    await expect(ask(gateway, settlementOf(gateway.self, thief, ['another']))).rejects.toThrow(
      /signed something/,
    );
    await expect(ask(gateway, settlementOf(gateway.self, thief, ['far'], 7))).rejects.toThrow(/is number 0/);
    const others = settlementOf(gateway.self, market.ownerOf('client-0'), ['not mine']);
    await expect(ask(gateway, others)).rejects.toThrow(/no money locked for this gateway/);
    await served(2);
    await market.settler.flush();
    expect(nextBatch()).toBe(1);
  });

  it('with a crowd of gateways, each with a client, uses up no number: the market settles on', async () => {
    for (const role of crowd) {
      const gateway = market.connect(market.keysOf(role).publicKey as NodeId);
      const amountMicro = 10_000n;
      await market.ledger.transact(market.ownerOf(role), {
        kind: 'lock',
        market: market.market,
        gateway: gateway.self,
        amountMicro,
      });
      await ask(gateway, settlementOf(gateway.self, market.ownerOf(role), ['one of many']));
    }
    await served(2);
    await market.settler.flush();
    expect(nextBatch()).toBe(1);
  });
});

describe('a gateway that asks again after the validator was restarted', () => {
  it('gets the same signature, never a second one of the number: there is no evidence to be had', async () => {
    const { gateway } = market;
    const first = settlementOf(gateway.self, market.ownerOf('client-0'), ['one']);
    const second = settlementOf(gateway.self, market.ownerOf('client-0'), ['two']);
    const signed = [await ask(gateway, first)];
    await market.restartValidator(0);
    signed.push(await ask(gateway, first));
    await expect(ask(gateway, second)).rejects.toThrow(/signed something else/);
    // Both signatures are of one body.
    expect(signed[1]).toEqual(signed[0]);
    const proof = {
      kind: 'settlements' as const,
      validator: market.validators[0]!,
      settlements: [
        { body: first.settlement, signature: signed[0]!.signature.signature },
        { body: first.settlement, signature: signed[1]!.signature.signature },
      ] as const,
    };
    expect(findingOf(proof as never, market.market, market.ledger.network)).toBeUndefined();
  });

  it('nor one of a number that the ledger has passed, however often that was settled', async () => {
    await served(3);
    await market.settler.flush();
    await market.restartValidator(0);
    const late = settlementOf(market.gateway.self, market.ownerOf('client-1'), ['late'], 0);
    await expect(ask(market.gateway, late)).rejects.toThrow(/is number 1/);
  });
});
