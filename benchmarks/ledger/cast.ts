import {
  type AccountId,
  type Hash,
  hashOf,
  type KeyPair,
  keyPairFromSeed,
  type MarketId,
  type NodeId,
  type OwnerKey,
  ownerKeyFromPrivate,
  type Signer,
  sha256,
} from '@market-of-experts/core';
import {
  type Action,
  defaultNetworkRules,
  defaultParameters,
  defaultTerms,
  type LedgerState,
  type MarketTerms,
  type SignedTransaction,
  type StakeTarget,
  signConsent,
  signTransaction,
} from '@market-of-experts/protocol';

/** Who plays in the mix of transactions: known keys, a market, and the genesis that gives everybody money. */
export const NETWORK = 'ledger-mix';
export const MARKET = 'text-embedding' as MarketId;

const secretOf = (name: string): Uint8Array => sha256(Buffer.from(`bench/ledger-mix/${name}`));
export const nodeKeys = (name: string): KeyPair => keyPairFromSeed(secretOf(name));
export const nodeId = ({ publicKey }: KeyPair): NodeId => publicKey as NodeId;

export const owners: readonly OwnerKey[] = Array.from({ length: 64 }, (_, index) =>
  ownerKeyFromPrivate(secretOf(`owner ${index}`)),
);
export const treasury = owners[0]!;
export const marketOwner = owners[1]!;
export const gateway = nodeKeys('gateway');
/** They have nearly all of the stake: together, and three of them alone, a quorum. Owner: {@link validatorOwner}. */
export const validators: readonly KeyPair[] = [0, 1, 2, 3].map((index) => nodeKeys(`validator ${index}`));
export const validatorOwner = owners[2]!;
/** A validator that signs whatever it is shown, so that there is evidence to report. */
export const culprit = nodeKeys('culprit');

const ownersByAddress = new Map(owners.map((owner) => [owner.address as string, owner]));
export function ownerOf(account: AccountId): OwnerKey {
  return ownersByAddress.get(account)!;
}

export function termsOf(version: number): MarketTerms {
  return defaultTerms(
    { ...defaultParameters, version, minimumStakeMicro: 1_000n },
    hashOf('bench/anchors', 0),
  );
}

export const mixGenesis: SignedTransaction = signTransaction(treasury, {
  network: NETWORK,
  from: treasury.address,
  nonce: 0,
  kind: 'genesis',
  atMs: 0,
  rules: {
    ...defaultNetworkRules,
    epochMs: 1_000,
    unbondingEpochs: 2,
    noticeEpochs: 2,
    minDelegationMicro: 1n,
    minBalanceMicro: 0n,
    marketDepositMicro: 1_000n,
  },
  minValidatorStakeMicro: 1_000n,
  balances: owners.map((owner) => ({ account: owner.address, amountMicro: 10n ** 15n })),
  markets: [{ market: MARKET, owner: marketOwner.address, terms: termsOf(1) }],
});

/** What happens before the mix begins. */
export const opening: readonly { readonly by: Signer; readonly action: Action }[] = [
  ...[...validators, culprit].map((keys) => ({
    by: validatorOwner,
    action: registerValidator(validatorOwner, keys, keys === culprit ? 1_000_000n : 10n ** 12n),
  })),
  ...validators.map((by) => ({ by, action: { kind: 'heartbeat', call: 0 } as const })),
  ...owners.slice(8, 40).map((by) => ({
    by,
    action: {
      kind: 'lock',
      market: MARKET,
      gateway: nodeId(gateway),
      amountMicro: 10n ** 10n,
    } as const,
  })),
];

export function registerValidator(owner: OwnerKey, keys: KeyPair, stakeMicro: bigint): Action {
  const consent = signConsent(keys, NETWORK, owner.address);
  return { kind: 'registerValidator', node: nodeId(keys), name: 'validator', stakeMicro, consent };
}

export const validatorTarget = (keys: KeyPair): StakeTarget => ({ role: 'validator', node: nodeId(keys) });

/** What a maker of transactions sees. */
export interface Scene {
  readonly state: LedgerState;
  /** Number of the transaction in the mix. */
  readonly index: number;
  /** What opens promised weights, by commitment. */
  readonly promised: Map<Hash, { readonly weights: [NodeId, number][]; readonly salt: Hash }>;
}
