import {
  type Amount,
  decode,
  encode,
  hashOf,
  type KeyPair,
  keyPairFromSeed,
  type MarketId,
  type NodeId,
  type OwnerKey,
  ownerKeyFromPrivate,
  sha256,
} from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger/fold/ledger';
import type { StoredReceipt } from '@market-of-experts/ledger/receipts/receipts';
import type { SettledOrder } from '@market-of-experts/ledger/receipts/reconcile';
import {
  type Action,
  defaultNetworkRules,
  defaultParameters,
  defaultTerms,
  type SettlementBody,
  type SignedTransaction,
  signConsent,
  signSettlement,
  signTransaction,
} from '@market-of-experts/protocol';
import { z } from 'zod';

/** A small market with known keys, which the crash test, the ledger's tests and its benchmark play with. */
export const NETWORK = 'ledger-scenario';
export const MARKET = 'text-embedding' as MarketId;
export const LOCKED_MICRO: Amount = 10n ** 12n;
/** What every order costs; the market's owner gets 2 of it, the expert's owner the rest. */
export const FEE_MICRO: Amount = 100n;
export const BALANCE_MICRO: Amount = 10n ** 13n;

const secretOf = (name: string): Uint8Array => sha256(Buffer.from(`moe/ledger-scenario/${name}`));
const ownerOf = (name: string): OwnerKey => ownerKeyFromPrivate(secretOf(name));

const treasury = ownerOf('treasury');
export const client = ownerOf('client');
export const operator = ownerOf('operator');
export const marketOwner = ownerOf('market-owner');
const gateway = keyPairFromSeed(secretOf('gateway'));
const validator = keyPairFromSeed(secretOf('validator'));
/** Accounts that send each other money. */
export const traders: readonly OwnerKey[] = [0, 1, 2, 3].map((index) => ownerOf(`trader-${index}`));

const nodeIdOf = (keys: KeyPair): NodeId => keys.publicKey as NodeId;

export function scenarioGenesis(network = NETWORK): SignedTransaction {
  return signTransaction(treasury, {
    network,
    from: treasury.address,
    nonce: 0,
    kind: 'genesis',
    atMs: 0,
    rules: { ...defaultNetworkRules, minBalanceMicro: 0n },
    minValidatorStakeMicro: 1_000n,
    balances: [client, operator, ...traders].map((keys) => ({
      account: keys.address,
      amountMicro: BALANCE_MICRO,
    })),
    markets: [
      {
        market: MARKET,
        owner: marketOwner.address,
        terms: defaultTerms(defaultParameters, hashOf('crash/anchors', 0)),
      },
    ],
  });
}

/** Registers the validator and locks the client's money, unless an earlier run has done so. */
export async function setUpScenario(ledger: Ledger): Promise<void> {
  if (ledger.validator(nodeIdOf(validator)) === undefined)
    await ledger.transact(operator, {
      kind: 'registerValidator',
      node: nodeIdOf(validator),
      name: 'validator',
      stakeMicro: 1_000n,
      consent: signConsent(validator, ledger.network, operator.address),
    });
  if (ledger.validator(nodeIdOf(validator))?.seen === undefined)
    await ledger.transact(validator, { kind: 'heartbeat', call: 0 });
  if (ledger.prepaid(client.address, MARKET) === undefined)
    await ledger.transact(client, {
      kind: 'lock',
      market: MARKET,
      gateway: nodeIdOf(gateway),
      amountMicro: LOCKED_MICRO,
    });
}

/** A stand-in for a certificate: it names the order that it answers. */
export function certificateOf(seq: number): StoredReceipt {
  return { id: `certificate-${seq}`, bytes: encode({ seq }) };
}

export function orderOf(bytes: Uint8Array): SettledOrder {
  const { seq } = decode(bytes, z.strictObject({ seq: z.int() }));
  return { client: client.address, market: MARKET, seq };
}

/** The settlement of the client's next `orders` orders, signed by the validator. */
export function settlementAction(ledger: Ledger, orders: number): Action {
  const fromSeq = ledger.nextOrderSeq(client.address, MARKET);
  const chargeMicro = BigInt(orders) * FEE_MICRO;
  const ownerMicro = BigInt(orders) * 2n;
  const credits = [
    { account: marketOwner.address, amountMicro: ownerMicro },
    { account: operator.address, amountMicro: chargeMicro - ownerMicro },
  ].sort((a, b) => (a.account < b.account ? -1 : 1));
  const settlement: SettlementBody = {
    network: ledger.network,
    market: MARKET,
    batch: ledger.market(MARKET)!.nextBatch,
    gateway: nodeIdOf(gateway),
    by: nodeIdOf(gateway),
    orders: [{ client: client.address, fromSeq, toSeq: fromSeq + orders, chargeMicro }],
    credits,
    earnings: [],
    slashes: [],
    poolMicro: 0n,
    certificates: orders,
    root: '0'.repeat(64) as SettlementBody['root'],
  };
  return { kind: 'settle', settlement, signatures: [signSettlement(validator, settlement)] };
}
