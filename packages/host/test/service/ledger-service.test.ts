import type { LedgerService, TransactionPreview } from '@market-of-experts/api/ledger-service';
import {
  type AccountId,
  generateKeyPair,
  generateOwnerKey,
  hashOf,
  type KeyPair,
  keyPairFromSeed,
  type MarketId,
  type NodeId,
  type OwnerKey,
  ownerKeyFromPrivate,
  type Signer,
  senderOf,
  sha256,
} from '@market-of-experts/core';
import { type Ledger, memoryLog, openLedger } from '@market-of-experts/ledger';
import {
  type Action,
  defaultNetworkRules,
  defaultParameters,
  defaultTerms,
  editionBytes,
  type MarketTerms,
  signConsent,
  signEpochEnd,
  signTransaction,
  type Transaction,
  weightsCommitment,
} from '@market-of-experts/protocol';
import { testEdition } from '@market-of-experts/testing/test-edition';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ledgerService } from '../../src/service/ledger-service.ts';

const network = 'facts-net';
const market = 'text-embedding' as MarketId;
const epochMs = 1_000;
const ownerOf = (name: string): OwnerKey => ownerKeyFromPrivate(sha256(Buffer.from(`facts/${name}`)));
const nodeKeysOf = (name: string): KeyPair => keyPairFromSeed(sha256(Buffer.from(`facts/${name}`)));
const nodeOf = (name: string): NodeId => nodeKeysOf(name).publicKey as NodeId;
const [treasury, alice, operator] = [ownerOf('treasury'), ownerOf('alice'), ownerOf('operator')];
const expertNames = ['good', 'bad'] as const;
const validatorNames = ['v1', 'v2'] as const;
const expertTarget = (name: string) => ({ role: 'expert', market, node: nodeOf(name) }) as const;
const terms: MarketTerms = {
  ...defaultTerms({ ...defaultParameters, minimumStakeMicro: 5_000_000n }, hashOf('facts/anchors', 0)),
  registration: { floorMicro: 1_000_000n, capMicro: 64_000_000n, riseBps: 10_000, decayBps: 5_000 },
  emission: { perEpochMicro: 1_000_000n, halvingEpochs: 1_000, ownerShareBps: 1_800 },
};

let ledger: Ledger;
let service: LedgerService;

beforeEach(async () => {
  const balances = [treasury, alice, operator].map(({ address }) => ({
    account: address,
    amountMicro: 1_000_000_000n,
  }));
  ledger = await openLedger({
    log: memoryLog(),
    network,
    genesis: signTransaction(treasury, {
      kind: 'genesis',
      network,
      from: treasury.address,
      nonce: 0,
      atMs: 0,
      rules: { ...defaultNetworkRules, epochMs, marketDepositMicro: 5_000_000n },
      minValidatorStakeMicro: 10_000_000n,
      balances,
      markets: [{ market, owner: alice.address, terms }],
    }),
  });
  service = ledgerService(ledger);
  for (const name of expertNames)
    await ledger.transact(operator, {
      kind: 'registerExpert',
      market,
      node: nodeOf(name),
      name,
      stakeMicro: 10_000_000n,
      depositMicro: service.quote(market)!.registrationMicro,
      askMicroPerKilobyte: 10n,
      askBps: 5_000,
      consent: signConsent(nodeKeysOf(name), network, operator.address),
    });
  for (const name of validatorNames)
    await ledger.transact(operator, {
      kind: 'registerValidator',
      node: nodeOf(name),
      name,
      stakeMicro: 100_000_000n,
      consent: signConsent(nodeKeysOf(name), network, operator.address),
    });
  for (const name of validatorNames) await ledger.transact(nodeKeysOf(name), { kind: 'heartbeat', call: 0 });
});
afterEach(() => ledger.close());

async function endEpoch(): Promise<void> {
  const { epoch, epochStartedMs } = ledger.settings();
  const atMs = epochStartedMs + epochMs;
  const signatures = validatorNames.map((name) => signEpochEnd(nodeKeysOf(name), { network, epoch, atMs }));
  await ledger.transact(treasury, { kind: 'endEpoch', epoch, atMs, signatures });
}

/** Every validator says in this epoch, and shows in the next, that the good expert is nine times as good. */
async function rank(): Promise<void> {
  const { epoch } = ledger.settings();
  const values: readonly (readonly [string, number])[] = [
    ['good', 9_000],
    ['bad', 1_000],
  ];
  const weights = values
    .map(([name, weight]): [NodeId, number] => [nodeOf(name), weight])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const salt = hashOf('facts/salt', epoch);
  for (const name of validatorNames) {
    const promise = { network, market, validator: nodeOf(name), epoch, weights, salt };
    const commitment = weightsCommitment(promise);
    await ledger.transact(nodeKeysOf(name), { kind: 'commitWeights', market, epoch, commitment });
  }
  expect(service.weights(market)!.promised).toEqual(['v1', 'v2']);
  await endEpoch();
  for (const name of validatorNames)
    await ledger.transact(nodeKeysOf(name), { kind: 'revealWeights', market, epoch, weights, salt });
}

const transactionOf = (keys: Signer, action: Action): Transaction =>
  ({ ...action, network, from: senderOf(keys), nonce: service.nextNonce(senderOf(keys)) }) as Transaction;
const preview = (keys: Signer, action: Action): Promise<TransactionPreview> =>
  service.preview(transactionOf(keys, action));

describe('the attendance', () => {
  const callRoll = async (...answering: string[]): Promise<void> => {
    const { rollCall, rules } = ledger.settings();
    await ledger.transact(treasury, { kind: 'rollCall', atMs: rollCall.atMs + rules.answerMs });
    for (const name of answering)
      await ledger.transact(nodeKeysOf(name), { kind: 'heartbeat', call: rollCall.number + 1 });
  };
  const attendance = () => service.network().attendance;

  it('says nothing while all are there', () => {
    expect(attendance()).toMatchObject({ presentMicro: 200_000_000n, missing: [], sentences: [] });
  });

  it('names who was never started, who has yet to answer, who is absent, and what that means', async () => {
    await ledger.transact(operator, {
      kind: 'registerValidator',
      node: nodeOf('idle'),
      name: 'idle',
      stakeMicro: 400_000_000n,
      consent: signConsent(nodeKeysOf('idle'), network, operator.address),
    });
    expect(attendance().sentences).toEqual([
      'idle (400 credits) is registered since epoch 1 and has never been started: it does not count, and nobody waits for it.',
    ]);
    await callRoll('v1');
    expect(attendance().missing).toMatchObject([{ state: 'new' }, { name: 'v2', state: 'silent' }]);
    expect(attendance().sentences[1]).toMatch(
      /^v2 .* has until 1970-01-01T00:20:00.000Z to answer a roll call/,
    );
    await callRoll('v1');
    expect(attendance().sentences[1]).toMatch(
      /^v2 .* is not waited for. It loses its seat when epoch 169 begins/,
    );
    // Half of the stake is enough to go on; less than a third waits, and says until when.
    await ledger.transact(operator, {
      kind: 'stake',
      target: { role: 'validator', node: nodeOf('v2') },
      amountMicro: 300_000_000n,
    });
    const { epoch, epochStartedMs } = ledger.settings();
    const atMs = epochStartedMs + epochMs;
    const signatures = [signEpochEnd(nodeKeysOf('v1'), { network, epoch, atMs })];
    await ledger.transact(treasury, { kind: 'endEpoch', epoch, atMs, signatures });
    expect(attendance().sentences[0]).toBe(
      'Settlements wait: 100 of 500 credits of stake are present, and more than a third is needed. They go on as soon as enough of them are back, or when epoch 169 begins.',
    );
    expect(service.metagraph(market)!.nodes.filter(({ role }) => role === 'validator')).toMatchObject([
      { name: 'idle', state: 'new' },
      { name: 'v2', state: 'absent' },
      { name: 'v1', state: 'serving' },
    ]);
    await ledger.transact(nodeKeysOf('v2'), { kind: 'heartbeat', call: 2 });
    expect(attendance().sentences).toHaveLength(1);
  });
});

describe('the metagraph', () => {
  it('shows what the last ranking came to, under the keys that nodes have now', async () => {
    await ledger.transact(alice, { kind: 'fundMarket', market, amountMicro: 50_000_000n });
    await endEpoch();
    await rank();
    await endEpoch();
    const { nodes, rankedEpoch, emittedMicro, ownerMicro, epoch } = service.metagraph(market)!;
    expect([epoch, rankedEpoch]).toEqual([4, 3]);
    expect(nodes.map(({ name }) => name)).toEqual(['good', 'bad', 'v1', 'v2']);
    const [good, bad, first, second] = nodes as [
      (typeof nodes)[0],
      (typeof nodes)[0],
      (typeof nodes)[0],
      (typeof nodes)[0],
    ];
    expect(good.incentive).toBeGreaterThan(0.85);
    expect(good.incentive + bad.incentive).toBeCloseTo(1, 3);
    expect(first.dividends + second.dividends).toBeCloseTo(1, 3);
    expect([first, second]).toMatchObject([
      {
        permit: true,
        active: true,
        validatorTrust: expect.closeTo(1, 3),
        state: 'serving',
        role: 'validator',
      },
      { permit: true, active: true, validatorTrust: expect.closeTo(1, 3) },
    ]);
    expect(good).toMatchObject({ immune: true, active: true, permit: false, role: 'expert' });
    expect(nodes.reduce((sum, node) => sum + node.emissionMicro, ownerMicro)).toBe(emittedMicro);
    expect(emittedMicro).toBeGreaterThan(0n);

    const fresh = generateKeyPair();
    const next = fresh.publicKey as NodeId;
    const consent = signConsent(fresh, network, operator.address);
    const rotate: Action = { kind: 'rotate', target: expertTarget('good'), next, consent };
    const { summary } = await preview(operator, rotate);
    expect(summary.join(' ')).toContain(`Expert "good" of "text-embedding" gets the key ${next}`);
    await ledger.transact(operator, rotate);
    const rotated = service.metagraph(market)!.nodes[0]!;
    expect(rotated).toEqual({ ...good, node: next });
    expect(
      service
        .weights(market)!
        .rows[0]!.weights.map(({ name }) => name)
        .sort(),
    ).toEqual(['bad', 'good']);
  });

  it('is not there for a market that is not there', () => {
    const nowhere = 'nowhere' as MarketId;
    expect([service.metagraph(nowhere), service.weights(nowhere), service.quote(nowhere)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('an account', () => {
  it('has what it staked, at its worth, and what is on its way out', async () => {
    const target = expertTarget('good');
    await ledger.transact(alice, { kind: 'delegate', target, amountMicro: 30_000_000n });
    await endEpoch();
    await ledger.transact(alice, { kind: 'undelegate', target, amountMicro: 10_000_000n });
    await ledger.transact(alice, {
      kind: 'redelegate',
      target,
      to: expertTarget('bad'),
      amountMicro: 5_000_000n,
    });
    await ledger.transact(alice, { kind: 'delegate', target, amountMicro: 2_000_000n });
    const facts = service.account(alice.address);
    expect(facts.delegations).toEqual([
      { target, name: 'good', valueMicro: 15_000_000n, pendingMicro: 2_000_000n },
    ]);
    expect(
      facts.unbondings.map(({ valueMicro, releaseEpoch, to }) => [valueMicro, releaseEpoch, to]),
    ).toEqual(
      expect.arrayContaining([
        [10_000_000n, 9, undefined],
        [5_000_000n, 9, expertTarget('bad')],
      ]),
    );
    const parts = [
      facts.balanceMicro,
      ...facts.delegations.flatMap(({ valueMicro, pendingMicro }) => [valueMicro, pendingMicro]),
      ...facts.unbondings.map(({ valueMicro }) => valueMicro),
    ];
    expect(parts.reduce((sum, part) => sum + part)).toBe(1_000_000_000n);
  });

  it('has its nodes with the owner’s own parts, and its prepaid money', async () => {
    const target = expertTarget('good');
    await ledger.transact(alice, { kind: 'delegate', target, amountMicro: 30_000_000n });
    await ledger.transact(operator, { kind: 'stake', target, amountMicro: 4_000_000n });
    await ledger.transact(operator, { kind: 'lock', market, gateway: nodeOf('gw'), amountMicro: 70_000n });
    await ledger.transact(operator, { kind: 'setCommission', target, commissionBps: 2_500 });
    const facts = service.account(operator.address);
    expect(facts.nodes).toHaveLength(4);
    expect(facts.nodes.find(({ name }) => name === 'good')).toMatchObject({
      ownMicro: 10_000_000n,
      pendingMicro: 4_000_000n,
      nextCommission: { bps: 2_500, fromEpoch: 8 },
    });
    expect(facts).toMatchObject({
      lockedMicro: 70_000n,
      prepaid: [{ market, gateway: nodeOf('gw'), lockedMicro: 70_000n }],
      delegations: [],
    });
    await ledger.transact(operator, { kind: 'unlock', market, amountMicro: 30_000n });
    expect(service.account(operator.address).prepaid).toMatchObject([
      { market, lockedMicro: 70_000n, leaving: { amountMicro: 30_000n, fromEpoch: 3_602 } },
    ]);
  });
});

describe('a preview', () => {
  const say = async (keys: Signer, action: Action): Promise<string> => {
    const { outcome, summary } = await preview(keys, action);
    expect(outcome).toEqual({ applied: true });
    return summary.join('\n');
  };
  const good = expertTarget('good');
  const mine = 'mine' as MarketId;

  it.each<[string, Signer, Action, RegExp]>([
    [
      'deregister',
      operator,
      { kind: 'deregister', target: good },
      /"good" .* goes out of service; all that is behind it \(10 credits\).*epoch 8 begins/,
    ],
    [
      'a forfeited deposit',
      operator,
      { kind: 'deregister', target: good },
      /deposit of 1 credits is forfeited/,
    ],
    [
      'unstake',
      operator,
      { kind: 'unstake', target: good, amountMicro: 1_000_000n },
      /1 credits leave the stake of expert "good".*epoch 8 begins/,
    ],
    [
      'setCommission',
      operator,
      { kind: 'setCommission', target: good, commissionBps: 2_000 },
      /from 10 % to 20 % when epoch 8 begins/,
    ],
    [
      'updateExpert',
      operator,
      { kind: 'updateExpert', market, node: nodeOf('good'), name: 'better', askBps: 1_000 },
      /is called "better".*\n.*10 % of the fee/,
    ],
    [
      'setModelVersion',
      operator,
      {
        kind: 'setModelVersion',
        market,
        node: nodeOf('good'),
        version: {
          model: hashOf('facts/model', 0),
          runtime: { class: 'exact' },
          dimensions: 384,
          windows: 1,
          textKey: hashOf('facts/text-key', 0),
        },
      },
      /"good" .* is another model from now on: answers of it to one text that differ can be punished\./,
    ],
    [
      'createMarket',
      alice,
      { kind: 'createMarket', market: mine, terms },
      /Market "mine" opens; its deposit of 5 credits/,
    ],
    ['closeMarket', alice, { kind: 'closeMarket', market }, /closes when epoch 8 begins/],
    [
      'publishEdition',
      alice,
      {
        kind: 'publishEdition',
        market,
        edition: editionBytes(testEdition({ network, market }, [{ node: nodeOf('good'), dimensions: 4 }])),
      },
      /Who names the market "text-embedding" alone is served by text-embedding@1 from now on/,
    ],
    [
      'fundMarket',
      alice,
      { kind: 'fundMarket', market, amountMicro: 3_000_000n },
      /pool of "text-embedding" goes from 0 to 3 credits/,
    ],
    [
      'lock',
      alice,
      { kind: 'lock', market, gateway: nodeOf('gw'), amountMicro: 2_000_000n },
      /Prepaid in "text-embedding" are 2 credits instead of 0/,
    ],
    [
      'unlock',
      alice,
      { kind: 'unlock', market, amountMicro: 500_000n },
      /0\.5 credits prepaid in "text-embedding" pay for no new orders from now on; 0\.5 are paid out when epoch 3602 begins/,
    ],
    [
      'a change of terms',
      alice,
      { kind: 'updateMarket', market, terms: { ...terms, parameters: { ...terms.parameters, version: 2 } } },
      /new terms of market "text-embedding" begin with epoch 8/,
    ],
    [
      'a key that stays',
      operator,
      { kind: 'transfer', to: operator.address, amountMicro: 1n },
      /Nothing changes but the number/,
    ],
  ])('says what it means: %s', async (_, keys, action, sentence) => {
    if (action.kind === 'unlock')
      await ledger.transact(keys, { kind: 'lock', market, gateway: nodeOf('gw'), amountMicro: 1_000_000n });
    expect(await say(keys, action)).toMatch(sentence);
  });

  it('of a registration says what it costs and whom it makes poorer', async () => {
    const action: Action = {
      kind: 'registerExpert',
      market,
      node: nodeOf('new'),
      name: 'new',
      stakeMicro: 10_000_000n,
      depositMicro: service.quote(market)!.registrationMicro,
      askMicroPerKilobyte: 10n,
      askBps: 0,
      consent: signConsent(nodeKeysOf('new'), network, alice.address),
    };
    const { costMicro, summary } = await preview(alice, action);
    expect(costMicro).toBe(14_000_000n);
    expect(summary.join('\n')).toMatch(/"new" .* stake of 10 credits and a deposit of 4; its owner is 0x/);
    const stolen = await preview(generateOwnerKey(), action);
    expect(stolen.outcome).toMatchObject({ applied: false, code: 'invalid-signature' });
  });

  it('of money that comes back costs less than nothing', async () => {
    const amountMicro = 90_000n;
    await ledger.transact(alice, { kind: 'createMarket', market: mine, terms });
    await ledger.transact(alice, { kind: 'lock', market: mine, gateway: nodeOf('gw'), amountMicro });
    const unlock: Action = { kind: 'unlock', market: mine, amountMicro };
    expect((await preview(alice, unlock)).costMicro).toBe(0n);
    await ledger.transact(alice, { kind: 'closeMarket', market: mine });
    while (service.market(mine) !== undefined) await endEpoch();
    expect(service.account(alice.address)).toMatchObject({
      lockedMicro: amountMicro,
      prepaid: [{ market: mine, lockedMicro: amountMicro }],
    });
    expect((await preview(alice, unlock)).costMicro).toBe(-amountMicro);
    await ledger.transact(alice, unlock);
    expect(service.account(alice.address).prepaid).toEqual([]);
  });

  it('of an epoch’s end says that it ends, in few sentences, and changes nothing', async () => {
    const root = ledger.stateRoot();
    const signatures = validatorNames.map((name) =>
      signEpochEnd(nodeKeysOf(name), { network, epoch: 1, atMs: epochMs }),
    );
    const { summary } = await preview(treasury, { kind: 'endEpoch', epoch: 1, atMs: epochMs, signatures });
    expect(summary).toContain('Epoch 1 ends and epoch 2 begins.');
    expect(ledger.stateRoot()).toBe(root);
  });

  it('shows exactly what is there after the transaction', async () => {
    const transaction = transactionOf(alice, { kind: 'delegate', target: good, amountMicro: 6_000_000n });
    const { changes } = await service.preview(transaction);
    expect(await service.submit(signTransaction(alice, transaction))).toEqual({ index: 7, height: 8 });
    expect(changes.length).toBeGreaterThan(2);
    for (const { table, key, after } of changes) expect(ledger.tables()[table].get(key)).toEqual(after);
  });
});

describe('the headline of a preview', () => {
  const [good, bad] = [expertTarget('good'), expertTarget('bad')];
  const headline = async (keys: Signer, action: Action) => {
    const { outcome, headline } = await preview(keys, action);
    expect(outcome).toEqual({ applied: true });
    return headline;
  };
  const move = (amount: bigint): Action => ({
    kind: 'redelegate',
    target: good,
    to: bad,
    amountMicro: amount,
  });

  it('says what moves, what comes back, and that nothing moves', async () => {
    await ledger.transact(alice, { kind: 'delegate', target: good, amountMicro: 5_000_000n });
    expect(await headline(alice, move(5_000_000n))).toBe(
      'Nothing goes to expert "bad" of "text-embedding": 5 credits that did not count yet come back to you at once.',
    );
    await endEpoch();
    const wholly = await headline(alice, move(5_000_000n));
    expect(wholly).toMatch(
      /^5 credits leave expert "good" .* go to expert "bad" .* when epoch \d+ begins\.$/,
    );
    await ledger.transact(alice, { kind: 'delegate', target: good, amountMicro: 3_000_000n });
    expect(await headline(alice, move(7_000_000n))).toMatch(
      /^4 credits leave .* go to expert "bad" .* begins; 3 credits that did not count yet come back to you at once\.$/,
    );
    expect(await headline(alice, { kind: 'undelegate', target: good, amountMicro: 3_000_000n })).toBe(
      '3 credits that did not count yet come back to you at once.',
    );
    expect(await headline(alice, { kind: 'undelegate', target: good, amountMicro: 8_000_000n })).toMatch(
      /^5 credits leave .* and go to you when epoch \d+ begins; 3 credits .* at once\.$/,
    );
  });

  it('says what waits', async () => {
    const waiting = /^7 credits join the stake of expert "good" .* when epoch 2 begins/;
    expect(await headline(alice, { kind: 'delegate', target: good, amountMicro: 7_000_000n })).toMatch(
      waiting,
    );
    expect(await headline(operator, { kind: 'stake', target: good, amountMicro: 7_000_000n })).toMatch(
      waiting,
    );
    expect(await headline(operator, { kind: 'setCommission', target: good, commissionBps: 900 })).toMatch(
      /^The commission of expert "good" .* when epoch \d+ begins\.$/,
    );
    await endEpoch();
    expect(await headline(operator, { kind: 'unstake', target: good, amountMicro: 1_000_000n })).toMatch(
      /^1 credits leave expert "good" .* and go to you when epoch \d+ begins\.$/,
    );
  });

  it('says that nothing changes where nothing does', async () => {
    expect(await headline(alice, { kind: 'transfer', to: alice.address, amountMicro: 5n })).toBe(
      'No money moves: only the number of your next transaction changes.',
    );
    const same: Action = { kind: 'updateExpert', market, node: nodeOf('good'), name: 'good' };
    expect(await headline(operator, same)).toBe('Nothing changes but the number of your next transaction.');
  });

  it('comes with the height at which it holds, and with warnings', async () => {
    const transfer = (to: string): Action => ({
      kind: 'transfer',
      to: to as AccountId,
      amountMicro: 50_000n,
    });
    const { height, warnings } = await preview(alice, transfer(`0x${nodeOf('good').slice(24)}`));
    expect([height, warnings.map(({ code }) => code)]).toEqual([ledger.height(), ['node-key']]);
    expect((await preview(alice, transfer(operator.address))).warnings).toEqual([]);
    const zero = await preview(alice, transfer(`0x${'0'.repeat(40)}`));
    expect(zero.outcome).toMatchObject({ applied: false, code: 'invalid-destination' });
    await expect(ledger.transact(alice, transfer(`0x${'0'.repeat(40)}`))).rejects.toMatchObject({
      code: 'invalid-destination',
    });
  });
});
