import type { Readiness } from '@market-of-experts/api/status';
import type { AccountId } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import { basePricePerKilobyte, feeOf, leastPaidExperts, paidSeats } from '@market-of-experts/protocol';
import type { MarketRuntime } from '../market/market-runtime.ts';

/** A settlement that fails is tried again after two seconds: so long it may go wrong before anybody is told. */
const settlementPatienceMs = 15_000;
/** Who has less prepaid than this text costs cannot be served. */
const leastTextBytes = 1_024;

export interface ReadinessInit {
  readonly ledger: Ledger;
  readonly first: Pick<MarketRuntime, 'market' | 'view' | 'receipts' | 'coordinator'>;
  readonly isOver: () => boolean;
  /** Names of experts of the edition in force that are not here. */
  readonly missingParts: () => readonly string[];
  /** Names of experts that are on their way in. */
  readonly joining: () => readonly string[];
  /** Whose key is in the data directory. */
  readonly clientAccount: AccountId;
  readonly nowMs: () => number;
}

type Reason = Readiness['reasons'][number];

/** Whether the first market can do its work now: serve a text whole, let experts compete for it, be paid, and settle it. */
export function readinessOf(init: ReadinessInit): Readiness {
  const over = isOver(init);
  const reasons = (
    over === undefined
      ? [storage(init), edition(init), experts(init), validators(init), settlement(init), money(init)]
      : [over]
  ).filter((reason) => reason !== undefined);
  const health = init.ledger.health();
  return {
    isReady: reasons.length === 0,
    reasons,
    needsRestart: !health.isWritable && health.needsRestart,
  };
}

function isOver({ isOver, first }: ReadinessInit): Reason | undefined {
  return isOver()
    ? { code: 'market-closed', message: `The first market, "${first.market}", was closed by its owner.` }
    : undefined;
}

/** Ledger and receipts may lie on the same disk, and then say the same. */
function storage({ ledger, first }: ReadinessInit): Reason | undefined {
  const health = ledger.health();
  if (!health.isWritable) return { code: 'ledger-not-writable', message: health.reason };
  const failure = first.receipts.failure();
  return failure === undefined ? undefined : { code: 'receipts-not-writable', message: failure.message };
}

function edition({ missingParts }: ReadinessInit): Reason | undefined {
  const missing = missingParts();
  if (missing.length === 0) return undefined;
  return {
    code: 'part-missing',
    message: `Texts are served without ${missing.join(', ')}, of the edition in force: ${missing.length === 1 ? 'it is' : 'they are'} not here.`,
  };
}

function experts({ first, joining }: ReadinessInit): Reason | undefined {
  const { roster } = first.view.current();
  const paid = roster.experts.filter(({ onProbation }) => !onProbation).length;
  const needed = leastPaidExperts(roster.parameters);
  if (paidSeats(roster) >= needed) return undefined;
  const newcomers = roster.experts.length - paid;
  const waiting = joining();
  return {
    code: 'too-few-experts',
    message:
      `Texts of ${roster.parameters.minimumWords} words need ${needed} experts past probation; ${paid} ${paid === 1 ? 'serves' : 'serve'}` +
      `${newcomers === 0 ? '' : `, ${newcomers} on probation`}${waiting.length === 0 ? '' : `, on the way: ${waiting.join(', ')}`}.`,
  };
}

function validators({ first }: ReadinessInit): Reason | undefined {
  return first.view.current().roster.validators.length > 0
    ? undefined
    : { code: 'no-validators', message: 'No validator gives tickets and witnesses jobs.' };
}

function settlement({ first, nowMs }: ReadinessInit): Reason | undefined {
  const failure = first.coordinator.settler.failure();
  if (failure === undefined || nowMs() - failure.sinceMs < settlementPatienceMs) return undefined;
  return {
    code: 'not-settling',
    message: `Settlements fail since ${new Date(failure.sinceMs).toISOString()}: ${failure.message}`,
  };
}

function money({ first, clientAccount }: ReadinessInit): Reason | undefined {
  const { roster } = first.view.current();
  if (roster.experts.length === 0) return undefined;
  const leastMicro = feeOf(leastTextBytes, basePricePerKilobyte(roster.experts), 0n);
  const { availableMicro } = first.coordinator.orders.balance(clientAccount);
  return availableMicro >= leastMicro && availableMicro > 0n
    ? undefined
    : {
        code: 'no-prepaid-money',
        message: `The client account ${clientAccount} has no prepaid credits left in "${first.market}".`,
      };
}
