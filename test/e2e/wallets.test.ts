/** Wallets of others move money of a running market over HTTP: ethers and viem sign what the preview gives them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGateway, type Gateway } from '@market-of-experts/gateway';
import type { EmbeddedMarket } from '@market-of-experts/host/embedded-market';
import { openTestMarket, temporaryDirectory } from '@market-of-experts/testing/test-market';
import { Wallet } from 'ethers';
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

type Json = ReturnType<typeof JSON.parse>;
const directory = temporaryDirectory();
let market: EmbeddedMarket;
let gateway: Gateway;
/** The house's own money, in a wallet of ethers. */
let treasury: Wallet;

beforeAll(async () => {
  const dataDir = join(directory.path, 'data');
  // Epochs end when the test is long over: balances change only by what it does.
  market = await openTestMarket(dataDir, { epochMs: 86_400_000 });
  gateway = await createGateway({ service: market.service, port: 0 });
  const keys = JSON.parse(readFileSync(join(dataDir, 'keys.json'), 'utf8'));
  treasury = new Wallet(`0x${keys.owners.treasury}`);
});
afterAll(async () => {
  await gateway?.close();
  await market?.close();
  directory.remove();
});

async function post(path: string, body: unknown): Promise<{ status: number; json: Json }> {
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, json: await response.json() };
}
const account = async (address: string): Promise<Json> =>
  (await fetch(`${gateway.url}/v1/accounts/${address}`)).json();
async function preview(transaction: Json): Promise<Json> {
  const { status, json } = await post('/v1/transactions/preview', { transaction });
  expect(json.error).toBeUndefined();
  expect(status).toBe(200);
  return json;
}

/** The house's own process uses the treasury, too: who is second with a nonce previews again, as any wallet does. */
async function sendWithEthers(wallet: Wallet, draft: Json): Promise<{ status: number; json: Json }> {
  for (;;) {
    const { transaction, typedData } = await preview({ from: wallet.address, ...draft });
    const { EIP712Domain: _, ...types } = typedData.types;
    const signature = await wallet.signTypedData(typedData.domain, types, typedData.message);
    const sent = await post('/v1/transactions', { transaction, signature });
    if (sent.json.error?.code !== 'wrong_nonce') return sent;
  }
}

async function sendWithViem(wallet: PrivateKeyAccount, draft: Json): Promise<{ status: number; json: Json }> {
  const { transaction, typedData } = await preview({ from: wallet.address, ...draft });
  return post('/v1/transactions', { transaction, signature: await wallet.signTypedData(typedData) });
}

describe('a market and wallets that it has never seen', () => {
  it('moves what the owner signed in ethers, and then in viem', async () => {
    const viem = privateKeyToAccount(generatePrivateKey());
    const paid = await sendWithEthers(treasury, {
      kind: 'transfer',
      to: viem.address,
      amountMicro: '50000000',
    });
    expect(paid).toEqual({ status: 200, json: { index: expect.any(Number), height: expect.any(Number) } });
    expect(await account(viem.address)).toMatchObject({ balanceMicro: '50000000', nonce: 0 });

    const other = Wallet.createRandom();
    const draft = { kind: 'transfer', to: other.address, amountMicro: '20000000' };
    const { outcome, costMicro, changes } = await preview({ from: viem.address, ...draft });
    expect([outcome, costMicro, changes.length]).toEqual([{ applied: true }, '20000000', 2]);
    expect((await sendWithViem(viem, draft)).status).toBe(200);
    expect(await account(viem.address)).toMatchObject({ balanceMicro: '30000000', nonce: 1 });
    expect(await account(other.address)).toMatchObject({ balanceMicro: '20000000' });
  });

  it('delegates to an expert and takes back, as the preview says', async () => {
    const viem = privateKeyToAccount(generatePrivateKey());
    await sendWithEthers(treasury, { kind: 'transfer', to: viem.address, amountMicro: '50000000' });
    const metagraph: Json = await (await fetch(`${gateway.url}/v1/metagraph?market=text-embedding`)).json();
    const { node, name } = metagraph.nodes.find(({ role }: Json) => role === 'expert');
    const target = { role: 'expert', market: 'text-embedding', node };
    const draft = { kind: 'delegate', target, amountMicro: '10000000' };
    const { summary } = await preview({ from: viem.address, ...draft });
    expect(summary).toEqual([
      'Your balance goes from 50 to 40 credits.',
      `10 credits join the stake of expert "${name}" of "text-embedding" when epoch 2 begins; until then they can be taken back at once.`,
    ]);
    expect((await sendWithViem(viem, draft)).status).toBe(200);
    expect(await account(viem.address)).toMatchObject({
      balanceMicro: '40000000',
      delegations: [{ target, name, valueMicro: '0', pendingMicro: '10000000' }],
    });
    const back = await sendWithViem(viem, { kind: 'undelegate', target, amountMicro: '10000000' });
    expect(back.status).toBe(200);
    expect(await account(viem.address)).toMatchObject({ balanceMicro: '50000000', delegations: [] });
  });

  it('opens a market of its own, whose terms the wallet signs by their hash', async () => {
    const { markets }: Json = await (await fetch(`${gateway.url}/v1/ledger/markets`)).json();
    const draft = { kind: 'createMarket', market: 'mine', terms: { ...markets[0].terms, title: 'Mine' } };
    expect((await sendWithEthers(treasury, draft)).status).toBe(200);
    const mine: Json = await (await fetch(`${gateway.url}/v1/ledger/markets/mine`)).json();
    expect(mine).toMatchObject({ owner: treasury.address.toLowerCase(), terms: { title: 'Mine' } });
  });

  it('takes nothing that its owner did not sign', async () => {
    const [owner, thief] = [Wallet.createRandom(), Wallet.createRandom()];
    await sendWithEthers(treasury, { kind: 'transfer', to: owner.address, amountMicro: '1000000' });
    const draft = { kind: 'transfer', from: owner.address, to: thief.address, amountMicro: '900000' };
    const { transaction, typedData } = await preview(draft);
    const { EIP712Domain: _, ...types } = typedData.types;
    const sign = (by: typeof owner, changes: Json = {}) =>
      by.signTypedData(typedData.domain, types, { ...typedData.message, ...changes });
    const signatures = [
      await sign(thief),
      await sign(owner, { amountMicro: '1' }),
      await sign(owner, { nonce: '1' }),
      await sign(owner, { network: 'another-network' }),
      await owner.signMessage(JSON.stringify(transaction)),
    ];
    for (const signature of signatures) {
      const { status, json } = await post('/v1/transactions', { transaction, signature });
      expect([status, json.error.code]).toEqual([403, 'invalid_signature']);
    }
    expect(await account(thief.address)).toMatchObject({ balanceMicro: '0' });
    const signature = await sign(owner);
    expect((await post('/v1/transactions', { transaction, signature })).status).toBe(200);
    const replayed = await post('/v1/transactions', { transaction, signature });
    expect([replayed.status, replayed.json.error.code]).toEqual([409, 'wrong_nonce']);
  });
});
