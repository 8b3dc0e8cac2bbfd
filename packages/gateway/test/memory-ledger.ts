import {
  type AccountId,
  hashOf,
  type KeyPair,
  keyPairFromSeed,
  type MarketId,
  type NodeId,
  type OwnerKey,
  ownerKeyFromPrivate,
  sha256,
} from '@market-of-experts/core';
import { type Ledger, memoryLog, openLedger } from '@market-of-experts/ledger';
import {
  defaultNetworkRules,
  defaultParameters,
  defaultTerms,
  type MarketTerms,
  signConsent,
  signTransaction,
} from '@market-of-experts/protocol';

/** For tests: a ledger in memory with rich accounts, one market, an expert and a validator. */
export interface MemoryLedger {
  readonly ledger: Ledger;
  readonly market: MarketId;
  readonly alice: OwnerKey;
  readonly bob: AccountId;
  readonly expert: NodeId;
  readonly validator: NodeId;
  readonly terms: MarketTerms;
}

const network = 'memory-net';
const credits = (amount: number): bigint => BigInt(amount) * 1_000_000n;
const secretOf = (name: string): Uint8Array => sha256(Buffer.from(`memory-ledger/${name}`));
const ownerOf = (name: string): OwnerKey => ownerKeyFromPrivate(secretOf(name));
const nodeKeysOf = (name: string): KeyPair => keyPairFromSeed(secretOf(name));

export async function openMemoryLedger(): Promise<MemoryLedger> {
  const market = 'text-embedding' as MarketId;
  const [treasury, alice, bob, operator] = ['treasury', 'alice', 'bob', 'operator'].map(ownerOf) as [
    OwnerKey,
    OwnerKey,
    OwnerKey,
    OwnerKey,
  ];
  const terms = defaultTerms(
    { ...defaultParameters, minimumStakeMicro: credits(5) },
    hashOf('memory-ledger/anchors', 0),
  );
  const ledger = await openLedger({
    log: memoryLog(),
    network,
    genesis: signTransaction(treasury, {
      kind: 'genesis',
      network,
      from: treasury.address,
      nonce: 0,
      atMs: 1_700_000_000_000,
      rules: defaultNetworkRules,
      minValidatorStakeMicro: credits(100),
      balances: [
        { account: treasury.address, amountMicro: credits(1_000_000) },
        { account: alice.address, amountMicro: credits(100) },
        { account: operator.address, amountMicro: credits(1_000) },
      ],
      markets: [{ market, owner: operator.address, terms }],
    }),
  });
  const [expertKeys, validatorKeys] = [nodeKeysOf('expert'), nodeKeysOf('validator')];
  const expert = expertKeys.publicKey as NodeId;
  const validator = validatorKeys.publicKey as NodeId;
  await ledger.transact(operator, {
    kind: 'registerExpert',
    market,
    node: expert,
    name: 'lexical',
    stakeMicro: credits(10),
    depositMicro: ledger.market(market)!.registrationMicro,
    askMicroPerKilobyte: 10n,
    askBps: 5_000,
    consent: signConsent(expertKeys, network, operator.address),
  });
  await ledger.transact(operator, {
    kind: 'registerValidator',
    node: validator,
    name: 'watcher',
    stakeMicro: credits(200),
    consent: signConsent(validatorKeys, network, operator.address),
  });
  return { ledger, market, alice, bob: bob.address, expert, validator, terms };
}
