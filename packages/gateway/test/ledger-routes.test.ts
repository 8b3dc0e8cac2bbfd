import {
  formatAccount,
  generateOwnerKey,
  hashOf,
  keyPairFromSeed,
  sha256,
  toHex,
} from '@market-of-experts/core';
import { ledgerService } from '@market-of-experts/host/service/ledger-service';
import {
  type Action,
  signTransaction,
  type Transaction,
  transactionFromJson,
  transactionToJson,
} from '@market-of-experts/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGateway, type Gateway, type GatewayInit } from '../src/gateway.ts';
import { type MemoryLedger, openMemoryLedger } from './memory-ledger.ts';
import { createSimulatedMarket } from './simulated-market.ts';

let memory: MemoryLedger;
let gateway: Gateway;
const reported: unknown[] = [];

async function start(init: Partial<GatewayInit> = {}): Promise<void> {
  gateway = await createGateway({
    service: createSimulatedMarket({ ledger: ledgerService(memory.ledger) }),
    port: 0,
    reportError: (error) => reported.push(error),
    ...init,
  });
}
beforeEach(async () => {
  memory = await openMemoryLedger();
});
afterEach(async () => {
  await gateway.close();
  await memory.ledger.close();
  expect(reported).toEqual([]);
});

/** Whatever an answer holds. */
type Json = ReturnType<typeof JSON.parse>;
async function get(path: string): Promise<Json> {
  const response = await fetch(gateway.url + path);
  expect(response.status).toBe(200);
  return response.json();
}
const post = (path: string, body: unknown) =>
  fetch(gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
async function refused(response: Response, status: number, code: string, param: string | null = null) {
  const { error } = (await response.json()) as { error: Json };
  expect({ status: response.status, code: error.code, param: error.param }).toEqual({ status, code, param });
  expect(error.message).toMatch(/[.:]/);
  expect(error.message).not.toMatch(/\bat .*\.ts|node_modules/);
  return error.message as string;
}
const transferToBob = (changes: Json = {}): Json => ({
  kind: 'transfer',
  from: memory.alice.address,
  to: memory.bob,
  amountMicro: '10000000',
  ...changes,
});
async function preview(transaction: Json): Promise<Json> {
  const response = await post('/v1/transactions/preview', { transaction });
  expect(response.status).toBe(200);
  return response.json();
}
/** Signed with our own keys; wallets of others are tried in test/e2e. */
function signed(transaction: Transaction, keys: Parameters<typeof signTransaction>[0] = memory.alice): Json {
  return {
    transaction: transactionToJson(transaction),
    signature: `0x${toHex(signTransaction(keys, transaction).signature)}`,
  };
}
const asAlice = (action: Action, changes: Partial<Transaction> = {}): Transaction =>
  ({ ...action, network: 'memory-net', from: memory.alice.address, nonce: 0, ...changes }) as Transaction;

describe('reading the ledger', () => {
  it('shows the network and where it is', async () => {
    await start();
    const network = await get('/v1/network');
    expect(network).toMatchObject({
      network: 'memory-net',
      epoch: 1,
      epochStartedMs: 1_700_000_000_000,
      epochEndsMs: 1_700_003_600_000,
      supplyMicro: '1001100000000',
      mintedMicro: '0',
      burntMicro: '0',
      validatorStakeMicro: expect.stringMatching(/^\d+$/),
      height: 3,
      stateRoot: memory.ledger.stateRoot(),
    });
    expect(network.rules.minDelegationMicro).toBe('1000000');
    expect(network.treasury).toMatch(/^0x[0-9a-f]{40}$/);
  });

  it('shows what belongs to an account: balance, nodes, delegations and what is on its way', async () => {
    await start();
    const target = { role: 'expert', market: memory.market, node: memory.expert } as const;
    await memory.ledger.transact(memory.alice, { kind: 'delegate', target, amountMicro: 7_000_000n });
    expect(await get(`/v1/accounts/${memory.alice.address}`)).toEqual({
      account: memory.alice.address,
      balanceMicro: '93000000',
      nonce: 1,
      lockedMicro: '0',
      prepaid: [],
      nodes: [],
      delegations: [{ target, name: 'lexical', valueMicro: '0', pendingMicro: '7000000' }],
      unbondings: [],
    });
    const { owner } = memory.ledger.expert(memory.market, memory.expert)!;
    const { nodes } = await get(`/v1/accounts/${owner}`);
    expect(nodes).toMatchObject([
      { target, name: 'lexical', stakeMicro: '10000000', ownMicro: '10000000', pendingMicro: '0' },
      { target: { role: 'validator', node: memory.validator }, name: 'watcher' },
    ]);
    const unknown = await get(`/v1/accounts/${formatAccount(generateOwnerKey().address)}`);
    expect(unknown).toMatchObject({ balanceMicro: '0', nonce: 0, nodes: [] });
  });

  it('shows markets, experts, validators, prices and weights', async () => {
    await start();
    const { market } = memory;
    const { markets } = await get('/v1/ledger/markets');
    expect(markets).toHaveLength(1);
    expect(markets[0]).toMatchObject({ market, expertCount: 1, poolMicro: '0', depositMicro: '0' });
    expect(markets[0].terms.parameters.minimumStakeMicro).toBe('5000000');
    expect(await get(`/v1/ledger/markets/${market}`)).toEqual(markets[0]);
    expect(await get(`/v1/ledger/quote?market=${market}`)).toMatchObject({
      registrationMicro: markets[0].registrationMicro,
      minimumStakeMicro: '5000000',
    });
    expect((await get(`/v1/ledger/experts?market=${market}`)).experts).toMatchObject([
      { node: memory.expert, name: 'lexical', stakeMicro: '10000000' },
    ]);
    expect((await get('/v1/ledger/validators')).validators).toMatchObject([
      { node: memory.validator, name: 'watcher', stakeMicro: '200000000', delegatedMicro: '0' },
    ]);
    expect(await get(`/v1/ledger/weights?market=${market}`)).toEqual({ epoch: 1, rows: [], promised: [] });
  });

  it('shows weights and the metagraph, before a ranking and after it', async () => {
    await start();
    const { market, ledger } = memory;
    const before = await get(`/v1/metagraph?market=${market}`);
    expect(before).toMatchObject({ market, epoch: 1, rankedEpoch: 0, emittedMicro: '0' });
    expect(before.nodes.map(({ name, role, permit }: Json) => [name, role, permit])).toEqual([
      ['lexical', 'expert', false],
      ['watcher', 'validator', true],
    ]);
    const validator = keyPairFromSeed(sha256(Buffer.from('memory-ledger/validator')));
    const commitment = hashOf('memory-ledger/promise', 0);
    await ledger.transact(validator, { kind: 'commitWeights', market, epoch: 1, commitment });
    expect((await get(`/v1/ledger/weights?market=${market}`)).promised).toEqual(['watcher']);
    for (const node of before.nodes)
      for (const share of ['trust', 'consensus', 'incentive', 'dividends', 'validatorTrust'])
        expect(node[share]).toBe(0);
  });

  it.each([
    ['/v1/accounts/0x12', 400, 'invalid_account', null],
    ['/v1/accounts/0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed', 400, 'invalid_account', null],
    ['/v1/ledger/markets/nowhere', 404, 'unknown_market', null],
    ['/v1/ledger/markets/NO%20ID', 404, 'unknown_market', null],
    ['/v1/metagraph', 400, 'invalid_request', 'market'],
    ['/v1/metagraph?market=nowhere', 404, 'unknown_market', null],
    ['/v1/metagraph?market=text-embedding&x=1', 400, 'unknown_parameter', 'x'],
    ['/v1/ledger/weights?market=a&market=b', 400, 'invalid_request', 'market'],
  ])('refuses %s', async (path, status, code, param) => {
    await start();
    await refused(await fetch(gateway.url + path), status, code, param);
  });

  it('needs no key where other reads do', async () => {
    await start({ host: '0.0.0.0' });
    const url = `http://127.0.0.1:${gateway.port}`;
    expect((await fetch(`${url}/v1/status`)).status).toBe(401);
    for (const path of ['/v1/network', `/v1/accounts/${memory.bob}`, '/v1/ledger/markets'])
      expect((await fetch(url + path)).status).toBe(200);
    const body = JSON.stringify({ transaction: transferToBob() });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}/v1/transactions/preview`, { method: 'POST', body, headers });
    expect(answer.status).toBe(200);
  });
});

describe('POST /v1/transactions/preview', () => {
  it('completes the transaction, says what to sign and shows exactly what would happen', async () => {
    await start();
    const answer = await preview(transferToBob());
    expect(answer).toMatchObject({
      transaction: transferToBob({ network: 'memory-net', nonce: 0 }),
      typedData: {
        primaryType: 'Transfer',
        message: { network: 'memory-net', nonce: '0', to: memory.bob, amountMicro: '10000000' },
      },
      outcome: { applied: true },
      costMicro: '10000000',
    });
    expect(answer.summary).toContain('Your balance goes from 100 to 90 credits.');
    expect(memory.ledger.height()).toBe(3);
    await memory.ledger.submit(signTransaction(memory.alice, transactionFromJson(answer.transaction)));
    for (const { key, after } of answer.changes)
      expect(memory.ledger.account(key)).toEqual({ ...after, balanceMicro: BigInt(after.balanceMicro) });
  });

  it('says in words what a delegation does, and when', async () => {
    await start();
    const target = { role: 'expert', market: memory.market, node: memory.expert };
    const { to: _, ...rest } = transferToBob({ kind: 'delegate', target });
    const { summary, typedData } = await preview(rest);
    expect(summary).toEqual([
      'Your balance goes from 100 to 90 credits.',
      '10 credits join the stake of expert "lexical" of "text-embedding" when epoch 2 begins; until then they can be taken back at once.',
    ]);
    expect(typedData.types.ExpertStake).toBeDefined();
  });

  it('says why the ledger would refuse it', async () => {
    await start();
    const { outcome, changes, costMicro, summary } = await preview(
      transferToBob({ amountMicro: '100000001' }),
    );
    expect(outcome).toMatchObject({ applied: false, code: 'insufficient-funds' });
    expect([changes, costMicro, summary]).toEqual([[], '0', [outcome.message]]);
    expect((await preview(transferToBob({ nonce: 4 }))).outcome.code).toBe('wrong-nonce');
    expect((await preview(transferToBob({ network: 'other-net' }))).outcome.code).toBe('wrong-network');
  });

  it('checks the signatures inside, so that nobody can preview what nobody could send', async () => {
    await start();
    const { to: _, amountMicro: __, ...rest } = transferToBob();
    const { outcome } = await preview({
      ...rest,
      kind: 'endEpoch',
      epoch: 1,
      atMs: 1_800_000_000_000,
      signatures: [{ node: memory.validator, signature: `0x${'00'.repeat(64)}` }],
    });
    expect(outcome).toMatchObject({ applied: false, code: 'invalid-signature' });
  });

  it('gives nodes the bytes that they sign', async () => {
    await start();
    const validator = keyPairFromSeed(sha256(Buffer.from('memory-ledger/validator')));
    const answer = await preview({
      kind: 'commitWeights',
      from: memory.validator,
      market: memory.market,
      epoch: 1,
      commitment: hashOf('memory-ledger/promise', 0),
    });
    expect(answer.typedData).toBeUndefined();
    const signature = validator.sign(Buffer.from(answer.signedBytes.slice(2), 'hex'));
    const sent = await post('/v1/transactions', {
      transaction: answer.transaction,
      signature: `0x${toHex(signature)}`,
    });
    expect(await sent.json()).toEqual({ index: 3, height: 4 });
  });
});

describe('POST /v1/transactions', () => {
  const transfer = { kind: 'transfer', amountMicro: 10_000n } as const;
  const good = (changes: Partial<Transaction> = {}): Transaction =>
    asAlice({ ...transfer, to: memory.bob }, changes);

  it('answers with the place in the ledger once it is there', async () => {
    await start();
    const response = await post('/v1/transactions', signed(good()));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ index: 3, height: 4 });
    expect(memory.ledger.account(memory.bob).balanceMicro).toBe(10_000n);
    const again = await refused(await post('/v1/transactions', signed(good())), 409, 'wrong_nonce');
    expect(again).toContain('has nonce 1, not 0');
  });

  it('takes the two ways in which wallets number recoveries', async () => {
    await start();
    const { transaction, signature } = signed(good());
    const last = Number.parseInt(signature.slice(-2), 16) - 27;
    const sent = await post('/v1/transactions', {
      transaction,
      signature: `${signature.slice(0, -2)}0${last}`,
    });
    expect(sent.status).toBe(200);
  });

  it('refuses what the sender did not sign, and what is for another network', async () => {
    await start();
    const stranger = generateOwnerKey();
    const other = signed(good({ amountMicro: 20_000n } as never));
    const forgeries = [
      { ...signed(good()), signature: signed(good(), stranger).signature },
      { ...other, transaction: transactionToJson(good()) },
      { ...other, transaction: { ...other.transaction, to: memory.alice.address } },
    ];
    for (const forged of forgeries)
      await refused(await post('/v1/transactions', forged), 403, 'invalid_signature');
    const elsewhere = signed(good({ network: 'other-net' }));
    await refused(await post('/v1/transactions', elsewhere), 400, 'wrong_network');
    await refused(
      await post('/v1/transactions', { ...elsewhere, transaction: transactionToJson(good()) }),
      403,
      'invalid_signature',
    );
    const half = { ...signed(good()), signature: `0x${'11'.repeat(64)}` };
    await refused(await post('/v1/transactions', half), 400, 'invalid_transaction');
    expect(memory.ledger.height()).toBe(3);
  });

  it.each([
    ['an amount as a number', { amountMicro: 10 }, 'transaction.amountMicro'],
    ['a negative amount', { amountMicro: '-1' }, 'transaction.amountMicro'],
    ['2^63', { amountMicro: (2n ** 63n).toString() }, 'transaction.amountMicro'],
    ['an unknown field', { memo: 'hi' }, 'transaction.memo'],
    ['an unknown kind', { kind: 'mint' }, 'transaction.kind'],
    ['a negative nonce', { nonce: -1 }, 'transaction.nonce'],
    ['half a surrogate pair', { network: '\ud800' }, 'transaction.network'],
  ])('refuses %s and names it', async (_, change, param) => {
    await start();
    const { transaction, signature } = signed(good());
    const bad = { transaction: { ...transaction, ...change }, signature };
    await refused(await post('/v1/transactions', bad), 400, 'invalid_transaction', param);
    await refused(
      await post('/v1/transactions/preview', { transaction: bad.transaction }),
      400,
      'invalid_transaction',
      param,
    );
  });

  it.each([
    ['no signature', { signature: undefined }, 'signature'],
    ['a signature that is no hex', { signature: 'abc' }, 'signature'],
    ['a field beside the two', { apiKey: 'x' }, 'transaction'],
    ['a list for a transaction', { transaction: [] }, 'transaction'],
  ])('refuses %s', async (_, change, param) => {
    await start();
    const bad = { ...signed(good()), ...change };
    await refused(await post('/v1/transactions', bad), 400, 'invalid_request', param);
  });

  it('refuses bodies that are too large, without reading them all', async () => {
    await start();
    const large = JSON.stringify({ transaction: { kind: 'x'.repeat(1024 * 1024) }, signature: '0x00' });
    await refused(await post('/v1/transactions', large), 413, 'body_too_large');
    await refused(await post('/v1/transactions/preview', large), 413, 'body_too_large');
    const answer = await preview(transferToBob());
    expect(answer.outcome.applied).toBe(true);
  });

  it('bounds how many wait', async () => {
    const { promise: gate, resolve: release } = Promise.withResolvers<void>();
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    const service = ledgerService(memory.ledger);
    const slow = createSimulatedMarket({
      ledger: {
        ...service,
        submit: async (transaction) => {
          arrive();
          await gate;
          return service.submit(transaction);
        },
      },
    });
    await start({ service: slow, limits: { maxConcurrentTransactions: 1, maxQueuedTransactions: 0 } });
    const first = post('/v1/transactions', signed(good()));
    await arrived;
    await refused(await post('/v1/transactions', signed(good())), 429, 'rate_limit_exceeded');
    release();
    expect((await first).status).toBe(200);
  });

  it('says that the ledger is closed', async () => {
    await start();
    await memory.ledger.close();
    await refused(await post('/v1/transactions', signed(good())), 503, 'ledger_closed');
  });

  it('takes only its method', async () => {
    await start();
    const answer = await fetch(`${gateway.url}/v1/transactions`);
    expect(answer.headers.get('allow')).toBe('POST');
    await refused(answer, 405, 'method_not_allowed');
  });
});
