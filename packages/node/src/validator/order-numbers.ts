import { type AccountId, type Clock, isMoeError, MoeError, type Signed } from '@moe/core';
import { type CutBody, type NoteBody, noteOf, type Order, type Roster } from '@moe/protocol';
import type { MarketView } from '../market/market-view.ts';
import { refuse } from '../market/messaging.ts';
import { maxOrderLifetimeMs } from '../market/payable-order.ts';
import type { GuardedSigner } from '../signing/guarded-signer.ts';
import type { ClaimBook } from './claim-book.ts';

/** What one validator says of order numbers: that a job is under way under one, or that nothing came of it. Never both. */
export interface OrderNumbers {
  /** Notes a job that has come to its cut. Rejects with `message-refused` and `signed-already`. */
  note(job: NotableJob, cut: CutBody): Promise<Signed<NoteBody>>;
  /**
   * Says that nothing came of a number: from then on nothing can. Rejects with `order-open` while something may: a job is noted
   * and its order has not ended, or it is certified.
   */
  void(client: AccountId, clientSeq: number): Promise<void>;
}

/** Order and roster are checked: signed, payable, known. */
export interface NotableJob {
  readonly order: Order;
  readonly roster: Roster;
  readonly feeMicro: bigint;
}

export interface OrderNumbersInit {
  readonly signer: GuardedSigner;
  readonly view: Pick<MarketView, 'prepaid' | 'current'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly claims: Pick<ClaimBook, 'of'>;
}

export function orderNumbers({ signer, view, clock, claims }: OrderNumbersInit): OrderNumbers {
  /** Fees of noted orders that are not settled, by client and number. */
  const noted = new Map<AccountId, Map<number, bigint>>();

  /** A client that has many orders noted at once must be able to pay for all of them. */
  const assertCovered = ({ order: { body }, feeMicro }: NotableJob): void => {
    const prepaid = view.prepaid(body.client);
    const fees = noted.get(body.client) ?? new Map<number, bigint>();
    let openMicro = feeMicro;
    for (const [clientSeq, openFeeMicro] of fees)
      if (clientSeq < (prepaid?.nextOrderSeq ?? 0)) fees.delete(clientSeq);
      else if (clientSeq !== body.clientSeq) openMicro += openFeeMicro;
    if (openMicro > (prepaid?.lockedMicro ?? 0n))
      refuse('The client has less money locked than its open orders cost.');
    noted.set(body.client, fees.set(body.clientSeq, feeMicro));
  };

  return {
    async note(job, cut) {
      const { body } = job.order;
      assertCovered(job);
      const untilMs = body.deadlineMs + 2 * job.roster.parameters.maximumClockSkewMs;
      return signer.note(noteOf(body, cut), untilMs);
    },
    async void(client, clientSeq) {
      const { network, market, parameters } = view.current().roster;
      if (claims.of(client, clientSeq) !== undefined)
        throw new MoeError(
          'order-open',
          `Order ${clientSeq} of client ${client} is certified: it is paid, not void.`,
        );
      const untilMs = clock.nowMs() + maxOrderLifetimeMs + 2 * parameters.maximumClockSkewMs;
      try {
        await signer.voidOrder({ network, market, client, clientSeq }, untilMs);
      } catch (error) {
        if (!isMoeError(error, 'signed-already') && !isMoeError(error, 'signed-past')) throw error;
        throw new MoeError(
          'order-open',
          `Something may still come of order ${clientSeq} of client ${client}: its experts were at work. It can be void when its time is over.`,
          { isRetryable: true },
        );
      }
    },
  };
}
