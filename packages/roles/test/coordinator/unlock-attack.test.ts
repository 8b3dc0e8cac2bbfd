import type { ServedText } from '@market-of-experts/api/market-service';
import { signEpochEnd } from '@market-of-experts/protocol';
import { type LedgerMarket, ledgerMarket } from '@market-of-experts/testing/ledger-market';
import { textAbout } from '@market-of-experts/testing/text-about';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { protocols } from '../../src/messages/protocols.ts';

let market: LedgerMarket;
beforeEach(async () => {
  market = await ledgerMarket({ rules: { noticeEpochs: 1 } });
});
afterEach(() => market.close());

const client = () => market.ownerOf('client-0');
const prepaid = () => market.ledger.prepaid(client().address, market.market)!;
const balanceMicro = () => market.ledger.account(client().address).balanceMicro;
const embed = (text: string): Promise<ServedText> =>
  market.coordinator.serve({
    account: client().address,
    text,
    mode: text.length < 30 ? 'auto' : 'shard',
    maxFeeMicro: undefined,
    kind: 'client',
    isTextPublic: false,
    signal: new AbortController().signal,
  });
const unlock = (amountMicro: bigint) =>
  market.ledger.transact(client(), { kind: 'unlock', market: market.market, amountMicro });
async function endEpoch(): Promise<void> {
  const { epoch, epochStartedMs, rules } = market.ledger.settings();
  const atMs = epochStartedMs + rules.epochMs;
  const signatures = [
    signEpochEnd(market.keysOf('validator'), { network: market.ledger.network, epoch, atMs }),
  ];
  await market.ledger.transact(market.ownerOf('treasury'), { kind: 'endEpoch', epoch, atMs, signatures });
}

it('a client that takes its money out when it has its answers pays for them all the same, and gets the rest', async () => {
  const answers = [await embed(textAbout(2_000)), await embed('too short to compete')];
  const feeMicro = answers.reduce((sum, each) => sum + each.feeMicro, 0n);
  expect(feeMicro).toBeGreaterThan(0n);
  const lockedMicro = prepaid().lockedMicro;
  const before = balanceMicro();
  await unlock(lockedMicro);
  await expect(unlock(1n)).rejects.toMatchObject({ code: 'insufficient-funds' });
  await expect(embed(textAbout(2_001))).rejects.toMatchObject({ code: 'insufficient-funds' });
  await endEpoch();
  expect(balanceMicro()).toBe(before);
  const earned = () => market.ledger.account(market.ownerOf('expert-owner').address).balanceMicro;
  const expertsBefore = earned();
  await market.coordinator.close();
  await market.settler.close();
  expect(market.settler.pending()).toBe(0);
  expect(lockedMicro - prepaid().lockedMicro).toBe(feeMicro);
  expect(earned()).toBeGreaterThan(expertsBefore);
  await endEpoch();
  expect([balanceMicro(), prepaid().lockedMicro]).toEqual([before + lockedMicro - feeMicro, 0n]);
});

it('one that does so between the draw and the notes of validators is shown no answer', async () => {
  const { gateway } = market;
  const request = gateway.request.bind(gateway);
  const asked: string[] = [];
  const before = prepaid().lockedMicro;
  gateway.request = async (to, protocol, ...rest) => {
    if (protocol === protocols.note && !asked.includes(protocol)) {
      asked.push(protocol);
      await unlock(before);
    }
    asked.push(protocol);
    return request(to, protocol, ...rest);
  };
  await expect(embed(textAbout(2_002))).rejects.toThrow();
  expect(asked).toContain(protocols.note);
  expect(asked).not.toContain(protocols.reveal);
  await market.coordinator.close();
  await market.settler.close();
  expect(prepaid()).toMatchObject({ lockedMicro: before, leaving: { amountMicro: before } });
});
