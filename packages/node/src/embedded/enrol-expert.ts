import {
  type Amount,
  formatCredits,
  isMoeError,
  type MarketId,
  MICRO_PER_CREDIT,
  MoeError,
  type NodeId,
  type OwnerKey,
} from '@moe/core';
import type { EmbeddedLedger } from '@moe/ledger';
import { type Market, type MarketParameters, signConsent } from '@moe/protocol';
import { fund } from './bootstrap.ts';
import type { KeyFile } from './key-file.ts';

const usualStakeMicro = 10n * MICRO_PER_CREDIT;
const askMicroPerKilobyte = 10_000n;
/** Half of the fee for working in another's place, to begin with; an expert's pricer changes it. */
const askBps = 5_000;
/** What the house puts behind one expert in a market of others: its owner may have set any price. */
const mostStakeMicro = 100n * MICRO_PER_CREDIT;
const mostDepositMicro = 1_000n * MICRO_PER_CREDIT;

/** Stake of one of this machine's experts: a penalty for lateness costs what a few jobs earn. */
export function houseStakeMicro({ minimumStakeMicro }: MarketParameters): Amount {
  return minimumStakeMicro > usualStakeMicro ? minimumStakeMicro : usualStakeMicro;
}

/** One of this machine's experts in a market. */
export interface MarketExpert {
  readonly market: MarketId;
  readonly name: string;
  /** Whether the market is the house's own: in another's it neither pays any price nor pushes anybody out. */
  readonly isHouseMarket: boolean;
}

/** Each market has an owner's account of its own, so that what an expert earned there, and put up, is told apart. */
export function expertOwner(keys: KeyFile, { market, name, isHouseMarket }: MarketExpert): OwnerKey {
  return keys.owner(isHouseMarket ? `expert-${name}-owner` : `expert-${name}-owner@${market}`);
}

export interface Enrolment extends MarketExpert {
  readonly keys: KeyFile;
  readonly calibration: { readonly count: number; readonly root: string };
}

/**
 * Registers an expert with its stake, or tells the ledger of more calibration vectors. In a market of others it throws
 * `price-too-high` or `market-full`.
 */
export async function enrolExpert(
  { ledger }: Pick<EmbeddedLedger, 'ledger'>,
  { keys, calibration, ...expert }: Enrolment,
): Promise<void> {
  const { market, name, isHouseMarket } = expert;
  const owner = expertOwner(keys, expert);
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
    const facts = ledger.market(market)!;
    if (!isHouseMarket) assertAcceptable(facts);
    const stakeMicro = houseStakeMicro(facts.terms.parameters);
    const depositMicro = facts.registrationMicro;
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

function assertAcceptable({ terms, registrationMicro, expertCount }: Market): void {
  if (expertCount >= terms.maximumExperts)
    throw new MoeError('market-full', `All ${terms.maximumExperts} places for experts are taken.`);
  const { minimumStakeMicro } = terms.parameters;
  if (minimumStakeMicro > mostStakeMicro)
    throw new MoeError(
      'price-too-high',
      `An expert needs a stake of ${formatCredits(minimumStakeMicro)} credits; the house puts up ${formatCredits(mostStakeMicro)} at most.`,
    );
  if (registrationMicro > mostDepositMicro)
    throw new MoeError(
      'price-too-high',
      `A registration costs ${formatCredits(registrationMicro)} credits; the house pays ${formatCredits(mostDepositMicro)} at most.`,
    );
}
