import {
  type Amount,
  isMoeError,
  type MarketId,
  MICRO_PER_CREDIT,
  MoeError,
  type NodeId,
  type OwnerKey,
} from '@market-of-experts/core';
import type { EmbeddedLedger } from '@market-of-experts/ledger';
import {
  type Market,
  type ModelVersion,
  type MoneyParameters,
  modelVersionHash,
  type NetworkRules,
  problemOfPlace,
  problemsOfJoining,
  signConsent,
} from '@market-of-experts/protocol';
import type { KeyFile } from '../directory/key-file.ts';
import { fund } from '../genesis/bootstrap.ts';
import { foundedMarketId } from '../genesis/genesis-terms.ts';
import type { HouseSpending } from './house-spending.ts';

const usualStakeMicro = 10n * MICRO_PER_CREDIT;
const askMicroPerKilobyte = 10_000n;
/** Half of the fee for working in another's place, to begin with; an expert's pricer changes it. */
const askBps = 5_000;
/** Stake of one of this machine's experts: a penalty for lateness costs what a few jobs earn. */
export function houseStakeMicro({ minimumStakeMicro }: MoneyParameters): Amount {
  return minimumStakeMicro > usualStakeMicro ? minimumStakeMicro : usualStakeMicro;
}

/** One of this machine's experts in a market. */
export interface MarketExpert {
  readonly market: MarketId;
  readonly name: string;
}

/** What the house may put into markets of others. */
export interface JoiningAllowance {
  readonly spending: HouseSpending;
  /** Most for all of them together. */
  readonly mostMicro: () => Amount;
}

/**
 * Each market has an owner's account of its own, so that what an expert earned there, and put up, is told apart. Of the market
 * that the data directory was founded with, it is the one without a market in its name.
 */
export function expertOwner(keys: KeyFile, { market, name }: MarketExpert): OwnerKey {
  return keys.owner(market === foundedMarketId ? `expert-${name}-owner` : `expert-${name}-owner@${market}`);
}

export interface Enrolment extends MarketExpert {
  readonly keys: KeyFile;
  /** What it is from now on. */
  readonly version: ModelVersion;
  /** In a market of others; without it the market is the house's own, whose terms it has set itself. */
  readonly allowance?: JoiningAllowance | undefined;
}

/**
 * Registers an expert with its stake, or tells the ledger of a new version. In a market of others it throws `terms-refused` or
 * `budget-spent`.
 */
export async function enrolExpert(
  { ledger }: Pick<EmbeddedLedger, 'ledger'>,
  { keys, version, allowance, ...expert }: Enrolment,
): Promise<void> {
  const { market, name } = expert;
  const owner = expertOwner(keys, expert);
  const nodeKeys = keys.node(`expert-${name}`);
  const node = nodeKeys.publicKey as NodeId;
  const known = ledger.expert(market, node);
  if (known !== undefined) {
    const inForce = known.versions?.at(-1)?.version;
    if (inForce === undefined || modelVersionHash(inForce) !== modelVersionHash(version))
      await ledger.transact(owner, { kind: 'setModelVersion', market, node, version });
    return;
  }
  for (;;) {
    const facts = ledger.market(market)!;
    if (allowance !== undefined) assertAcceptable(facts, ledger.settings().rules);
    const stakeMicro = houseStakeMicro(facts.terms.parameters);
    const depositMicro = facts.registrationMicro;
    const { minBalanceMicro } = ledger.settings().rules;
    const missingMicro =
      stakeMicro + depositMicro + minBalanceMicro - ledger.account(owner.address).balanceMicro;
    if (missingMicro > 0n) allowance?.spending.take(market, name, missingMicro, allowance.mostMicro());
    await fund({ ledger }, keys, owner.address, stakeMicro + depositMicro);
    try {
      await ledger.transact(owner, {
        kind: 'registerExpert',
        market,
        node,
        name,
        stakeMicro,
        depositMicro,
        askMicroPerKilobyte,
        askBps,
        version,
        consent: signConsent(nodeKeys, ledger.network, owner.address),
      });
      return;
    } catch (error) {
      // Somebody else joined, or an epoch ended, since the price was quoted.
      if (!isMoeError(error, 'price-changed')) throw error;
    }
  }
}

/**
 * Ends what the house has in a market of others: its experts leave, and what has been paid out of a registration that is
 * over goes back to the treasury. To be called again until nothing is left.
 */
export async function leaveMarket(
  { ledger }: Pick<EmbeddedLedger, 'ledger'>,
  keys: KeyFile,
  spending: HouseSpending,
  market: MarketId,
): Promise<void> {
  for (const { name } of spending.entries().filter((entry) => entry.market === market)) {
    const node = keys.node(`expert-${name}`).publicKey as NodeId;
    const owner = expertOwner(keys, { market, name });
    const registered = ledger.expert(market, node);
    if (registered?.owner === owner.address && registered.leavesAtEpoch === undefined)
      await ledger.transact(owner, { kind: 'deregister', target: { role: 'expert', market, node } });
    const amountMicro = ledger.account(owner.address).balanceMicro - ledger.settings().rules.minBalanceMicro;
    if (amountMicro <= 0n) continue;
    await ledger.transact(owner, { kind: 'transfer', to: keys.owner('treasury').address, amountMicro });
    spending.giveBack(market, name, amountMicro);
  }
}

function assertAcceptable(market: Market, rules: NetworkRules): void {
  const problems = [...problemsOfJoining(market, rules), problemOfPlace(market)].filter(
    (problem) => problem !== undefined,
  );
  if (problems.length > 0)
    throw new MoeError('terms-refused', `The house does not join: ${problems.join('; ')}.`);
}
