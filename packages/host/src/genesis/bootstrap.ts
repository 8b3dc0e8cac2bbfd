import {
  type AccountId,
  type Amount,
  type Hash,
  hashOf,
  type MarketId,
  MICRO_PER_CREDIT,
  type NodeId,
} from '@market-of-experts/core';
import { type EmbeddedLedger, openEmbeddedLedger } from '@market-of-experts/ledger';
import {
  type MarketParameters,
  type SignedTransaction,
  signConsent,
  signTransaction,
} from '@market-of-experts/protocol';
import type { KeyFile, KeyNames } from '../directory/key-file.ts';
import { embeddedRules, embeddedTerms } from './genesis-terms.ts';

const credits = (amount: number): Amount => BigInt(amount) * MICRO_PER_CREDIT;
const treasuryCredits = 10_000_000;
const validatorStakeCredits = 100;
/** Keys without which the ledger's money cannot be moved. */
export const founderKeyNames: KeyNames = {
  owners: ['treasury', 'market-owner', 'validator-owner', 'client', 'house'],
  nodes: ['gateway', 'validator'],
};

/** What a new market's genesis says. */
export interface GenesisFacts {
  readonly parameters: MarketParameters;
  /** Names the model that says where texts lie. */
  readonly baseEncoder: Hash;
  readonly nowMs: number;
  readonly epochMs: number;
}

/** Opens the ledger of a data directory; the first time, writes its genesis with the one market. */
export async function openLedgerOf(
  directory: string,
  keys: KeyFile,
  market: MarketId,
  { parameters, baseEncoder, nowMs, epochMs }: GenesisFacts,
  onWarning: (message: string) => void,
): Promise<EmbeddedLedger> {
  const treasury = keys.owner('treasury');
  const network = `embedded-${hashOf('moe/network/1', treasury.address).slice(0, 12)}`;
  const genesis: SignedTransaction = signTransaction(treasury, {
    kind: 'genesis',
    network,
    from: treasury.address,
    nonce: 0,
    atMs: nowMs,
    rules: embeddedRules(epochMs),
    minValidatorStakeMicro: credits(validatorStakeCredits),
    balances: [{ account: treasury.address, amountMicro: credits(treasuryCredits) }],
    markets: [
      { market, owner: keys.owner('market-owner').address, terms: embeddedTerms(parameters, baseEncoder) },
    ],
  });
  return openEmbeddedLedger({ directory, network, genesis, onWarning });
}

/** Registers the validator with a new ticket root: its old list is never used again after a restart. */
export async function enrolValidator(
  { ledger }: EmbeddedLedger,
  keys: KeyFile,
  name: string,
  ticketRoot: string,
): Promise<void> {
  const owner = keys.owner(`${name}-owner`);
  const nodeKeys = keys.node(name);
  const node = nodeKeys.publicKey as NodeId;
  if (ledger.validator(node) !== undefined) {
    await ledger.transact(owner, { kind: 'updateValidator', node, ticketRoot: ticketRoot as never });
    return;
  }
  const stakeMicro = credits(validatorStakeCredits);
  await fund({ ledger }, keys, owner.address, stakeMicro);
  await ledger.transact(owner, {
    kind: 'registerValidator',
    node,
    name,
    stakeMicro,
    consent: signConsent(nodeKeys, ledger.network, owner.address),
    ticketRoot: ticketRoot as never,
  });
}

/** Tops an account up from the treasury to this amount. */
export async function fund(
  { ledger }: Pick<EmbeddedLedger, 'ledger'>,
  keys: KeyFile,
  to: AccountId,
  amountMicro: Amount,
): Promise<void> {
  const missing = amountMicro + ledger.settings().rules.minBalanceMicro - ledger.account(to).balanceMicro;
  if (missing > 0n)
    await ledger.transact(keys.owner('treasury'), { kind: 'transfer', to, amountMicro: missing });
}
