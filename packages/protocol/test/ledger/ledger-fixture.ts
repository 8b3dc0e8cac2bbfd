import {
  type AccountId,
  type Amount,
  hashOf,
  type KeyPair,
  keyPairFromSeed,
  type MarketId,
  type NodeId,
  type OwnerKey,
  ownerKeyFromPrivate,
  sha256,
} from '@market-of-experts/core';
import { accountOf, type LedgerState, prepaidKey } from '../../src/ledger/state/state.ts';
import { signConsent, signEpochEnd, signSettlement } from '../../src/ledger/transaction/authority.ts';
import { defaultNetworkRules } from '../../src/ledger/transaction/network-rules.ts';
import type { Action, Transaction, TransactionOf } from '../../src/ledger/transaction/transaction.ts';
import { defaultParameters } from '../../src/parameters/market-parameters.ts';
import type { SettlementBody } from '../../src/settlement/settlement-body.ts';
import { defaultTerms, type MarketTerms } from '../../src/terms/terms.ts';

/** A small cast for the ledger's tests: fixed keys, one market, and the transactions that set it up. */
export const NETWORK = 'test-net';
export const MARKET = 'text-embedding' as MarketId;

const secretOf = (name: string): Uint8Array => sha256(Buffer.from(`ledger-fixture/${name}`));
/** Keys are made once: tests ask for them in every command. */
function kept<Key>(make: (name: string) => Key): (name: string) => Key {
  const keys = new Map<string, Key>();
  return (name) => {
    const key = keys.get(name) ?? make(name);
    keys.set(name, key);
    return key;
  };
}
/** The key of a node. */
export const keysOf: (name: string) => KeyPair = kept((name) => keyPairFromSeed(secretOf(name)));
/** The key of an owner; it has nothing to do with the node of the same name. */
const ownerOf: (name: string) => OwnerKey = kept((name) => ownerKeyFromPrivate(secretOf(name)));
export const idOf = (name: string): AccountId => ownerOf(name).address;
export const nodeOf = (name: string) => keysOf(name).publicKey as NodeId;

export const OWNERS = ['alice', 'bob', 'carol', 'market-owner'] as const;

/** `action` with network, sender and the sender's next nonce. */
export function transactionFrom(state: LedgerState, name: string, action: Action): Transaction {
  const from = idOf(name);
  return { ...action, network: NETWORK, from, nonce: accountOf(state, from).nonce } as Transaction;
}

/** Terms of the fixture's market: the least stake of an expert is 10. */
export function fixtureTerms(changes: Partial<MarketTerms> = {}): MarketTerms {
  const parameters = { ...defaultParameters, minimumStakeMicro: 10n };
  return { ...defaultTerms(parameters, hashOf('test/anchors', 0)), ...changes };
}

export function genesis(balanceMicro: Amount = 1_000_000n): TransactionOf<'genesis'> {
  return {
    network: NETWORK,
    from: idOf('treasury'),
    nonce: 0,
    kind: 'genesis',
    atMs: 0,
    rules: {
      ...defaultNetworkRules,
      epochMs: 1_000,
      minDelegationMicro: 10n,
      minBalanceMicro: 0n,
      marketDepositMicro: 1_000n,
    },
    minValidatorStakeMicro: 100n,
    balances: OWNERS.map((name) => ({ account: idOf(name), amountMicro: balanceMicro })),
    markets: [{ market: MARKET, owner: idOf('market-owner'), terms: fixtureTerms() }],
  };
}

export function registerExpert(owner: string, node: string, stakeMicro: Amount): Action {
  return {
    kind: 'registerExpert',
    market: MARKET,
    node: nodeOf(node),
    name: node,
    stakeMicro,
    depositMicro: 0n,
    askMicroPerKilobyte: 5n,
    askBps: 5_000,
    consent: signConsent(keysOf(node), NETWORK, idOf(owner)),
  };
}

export function registerValidator(owner: string, node: string, stakeMicro: Amount): Action {
  return {
    kind: 'registerValidator',
    node: nodeOf(node),
    name: node,
    stakeMicro,
    consent: signConsent(keysOf(node), NETWORK, idOf(owner)),
  };
}

/** A validator's sign of life: without one it does not count. */
export function heartbeat(state: LedgerState, node: string): Transaction {
  const from = nodeOf(node);
  const call = state.network.get('network')!.rollCall.number;
  return { kind: 'heartbeat', call, network: NETWORK, from, nonce: accountOf(state, from as never).nonce };
}

/** A correct settlement of one client's next orders in favour of one account; `changes` make it wrong. */
export function settlementBody(
  state: LedgerState,
  options: {
    client: string;
    gateway: string;
    /** Default the gateway. */
    by?: string;
    to: string;
    orders: number;
    chargeMicro: Amount;
    poolMicro?: Amount;
    slashes?: SettlementBody['slashes'];
  },
  changes: Partial<SettlementBody> = {},
): SettlementBody {
  const fromSeq = state.prepaid.get(prepaidKey(idOf(options.client), MARKET))?.nextOrderSeq ?? 0;
  const poolMicro = options.poolMicro ?? 0n;
  const amountMicro = options.chargeMicro - poolMicro;
  return {
    network: NETWORK,
    market: MARKET,
    batch: state.markets.get(MARKET)?.nextBatch ?? 0,
    gateway: nodeOf(options.gateway),
    by: nodeOf(options.by ?? options.gateway),
    orders: [
      {
        client: idOf(options.client),
        fromSeq,
        toSeq: fromSeq + options.orders,
        chargeMicro: options.chargeMicro,
      },
    ],
    credits: amountMicro > 0n ? [{ account: idOf(options.to), amountMicro }] : [],
    earnings: [],
    slashes: options.slashes ?? [],
    poolMicro,
    certificates: options.orders,
    root: hashOf('test/certificates', fromSeq),
    ...changes,
  };
}

export function settle(settlement: SettlementBody, ...validators: string[]): Action {
  return {
    kind: 'settle',
    settlement,
    signatures: validators.map((name) => signSettlement(keysOf(name), settlement)),
  };
}

/** Ends the running epoch as soon as it may be, signed by these validators (by nobody: the treasury's right). */
export function endEpoch(state: LedgerState, ...validators: string[]): Action {
  const { epoch, epochStartedMs, rules } = state.network.get('network')!;
  const atMs = epochStartedMs + rules.epochMs;
  const body = { network: NETWORK, epoch, atMs };
  return {
    kind: 'endEpoch',
    epoch,
    atMs,
    signatures: validators.map((name) => signEpochEnd(keysOf(name), body)),
  };
}
