import {
  type AccountId,
  type Amount,
  type Hash,
  hashOf,
  isMoeError,
  type MarketId,
  MICRO_PER_CREDIT,
  type NodeId,
} from '@moe/core';
import { type EmbeddedLedger, openEmbeddedLedger } from '@moe/ledger';
import { type MarketParameters, type SignedTransaction, signConsent, signTransaction } from '@moe/protocol';
import { embeddedRules, embeddedTerms } from './genesis-terms.ts';
import type { KeyFile, KeyNames } from './key-file.ts';

const credits = (amount: number): Amount => BigInt(amount) * MICRO_PER_CREDIT;
const treasuryCredits = 10_000_000;
const validatorStakeCredits = 100;
/** Stake and ask of one machine's experts: a penalty for lateness costs what a few jobs earn. */
export const expertStakeMicro = credits(10);
const askMicroPerKilobyte = 10_000n;
/** Half of the fee for working in another's place, to begin with; an expert's pricer changes it. */
const askBps = 5_000;

/** Keys without which the ledger's money cannot be moved. */
export const founderKeyNames: KeyNames = {
  owners: ['treasury', 'market-owner', 'validator-owner', 'client', 'house'],
  nodes: ['gateway', 'validator'],
};

/** What a new market's genesis says. */
export interface GenesisFacts {
  readonly parameters: MarketParameters;
  /** Hash of the public pieces that fix the space. */
  readonly anchors: Hash;
  readonly nowMs: number;
  readonly epochMs: number;
}

/** Opens the ledger of a data directory; the first time, writes its genesis with the one market. */
export async function openLedgerOf(
  directory: string,
  keys: KeyFile,
  market: MarketId,
  { parameters, anchors, nowMs, epochMs }: GenesisFacts,
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
      { market, owner: keys.owner('market-owner').address, terms: embeddedTerms(parameters, anchors) },
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

/** Registers an expert with its stake, or tells the ledger of more calibration vectors. */
export async function enrolExpert(
  { ledger }: Pick<EmbeddedLedger, 'ledger'>,
  keys: KeyFile,
  market: MarketId,
  name: string,
  calibration: { readonly count: number; readonly root: string },
): Promise<void> {
  const owner = keys.owner(`expert-${name}-owner`);
  const nodeKeys = keys.node(`expert-${name}`);
  const node = nodeKeys.publicKey as NodeId;
  const published = { count: calibration.count, root: calibration.root as never };
  const known = ledger.expert(market, node);
  if (known !== undefined) {
    if (known.calibration?.root !== calibration.root)
      await ledger.transact(owner, { kind: 'updateExpert', market, node, calibration: published });
    return;
  }
  for (;;) {
    const depositMicro = ledger.market(market)!.registrationMicro;
    await fund({ ledger }, keys, owner.address, expertStakeMicro + depositMicro);
    try {
      await ledger.transact(owner, {
        kind: 'registerExpert',
        market,
        node,
        name,
        stakeMicro: expertStakeMicro,
        depositMicro,
        askMicroPerKilobyte,
        askBps,
        calibration: published,
        consent: signConsent(nodeKeys, ledger.network, owner.address),
      });
      return;
    } catch (error) {
      // Somebody else joined, or an epoch ended, since the price was quoted.
      if (!isMoeError(error, 'price-changed')) throw error;
    }
  }
}

/** Gives a client prepaid money, locked for the gateway, the first time it is seen. */
export async function prepayClient(
  { ledger }: Pick<EmbeddedLedger, 'ledger'>,
  keys: KeyFile,
  market: MarketId,
  name: string,
  gateway: NodeId,
  amountCredits: number,
): Promise<AccountId> {
  const client = keys.owner(name);
  const account = client.address;
  if (ledger.prepaid(account, market) === undefined) {
    await fund({ ledger }, keys, account, credits(amountCredits));
    await ledger.transact(client, { kind: 'lock', market, gateway, amountMicro: credits(amountCredits) });
  }
  return account;
}

async function fund(
  { ledger }: Pick<EmbeddedLedger, 'ledger'>,
  keys: KeyFile,
  to: AccountId,
  amountMicro: Amount,
): Promise<void> {
  const missing = amountMicro - ledger.account(to).balanceMicro;
  if (missing > 0n)
    await ledger.transact(keys.owner('treasury'), { kind: 'transfer', to, amountMicro: missing });
}
