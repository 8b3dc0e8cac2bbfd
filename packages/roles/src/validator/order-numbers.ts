import {
  type AccountId,
  type Clock,
  isMoeError,
  type JobId,
  MoeError,
  type Signed,
} from '@market-of-experts/core';
import {
  type CutBody,
  type NoteBody,
  noteOf,
  type SealedJob,
  spendableMicro,
} from '@market-of-experts/protocol';
import { certifyAloneMs, jobMs } from '../job/job-times.ts';
import type { OrderNumber } from '../job/order-number.ts';
import { maxOrderLifetimeMs } from '../job/payable-order.ts';
import { refuse } from '../messages/messaging.ts';
import type { GuardedSigner } from '../signing/guarded-signer.ts';
import type { MarketView } from '../view/market-view.ts';
import type { ClaimBook } from './claim-book.ts';

/** Which one job each order number stands for, as far as this validator is concerned: it never changes its mind. */
export interface OrderNumbers {
  /** Notes a job that has come to its cut, under all of its numbers or none. Rejects with `message-refused` and `order-open`. */
  note(job: NotableJob, cut: CutBody): Promise<Signed<NoteBody>>;
  /** The number is to be settled with this job. Rejects with `order-open` where it stands for another, or for none. */
  confirm(number: ClientOrder, job: JobId): Promise<void>;
  /**
   * No job comes under the number, from now on, so it can be void or a tally. Rejects with `order-open` while one may: it is noted
   * and its order has not ended, or it is certified.
   */
  ruleOut(number: ClientOrder): Promise<void>;
}

type ClientOrder = OrderNumber;

/** Orders and roster are checked: signed, payable, known. */
type NotableJob = Pick<SealedJob, 'orders' | 'roster' | 'feesMicro'>;

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
  const assertCovered = ({ orders, feesMicro }: NotableJob): void => {
    const after = new Map<AccountId, Map<number, bigint>>();
    for (const [index, { body }] of orders.entries()) {
      const fees = after.get(body.client) ?? new Map(noted.get(body.client));
      after.set(body.client, fees.set(body.clientSeq, feesMicro[index]!));
    }
    for (const [client, fees] of after) {
      const prepaid = view.prepaid(client);
      let openMicro = 0n;
      for (const [clientSeq, feeMicro] of fees)
        if (clientSeq < (prepaid?.nextOrderSeq ?? 0)) fees.delete(clientSeq);
        else openMicro += feeMicro;
      if (openMicro > spendableMicro(prepaid))
        refuse('The client has less money locked, besides what it is taking out, than its open orders cost.');
    }
    for (const [client, fees] of after) noted.set(client, fees);
  };

  const bind = async ({ client, clientSeq }: ClientOrder, job: JobId | null): Promise<void> => {
    const { network, market, parameters } = view.current().roster;
    const untilMs = clock.nowMs() + maxOrderLifetimeMs + 2 * parameters.maximumClockSkewMs;
    try {
      await signer.bindOrder({ network, market, client, clientSeq }, job, untilMs);
    } catch (error) {
      throw asOpen(error, [{ client, clientSeq }]);
    }
  };
  return {
    async note(job, cut) {
      assertCovered(job);
      const body = noteOf(job.orders, cut);
      const untilMs = clock.nowMs() + jobMs(job.roster.parameters) + certifyAloneMs(job.roster);
      try {
        return await signer.note(body, untilMs);
      } catch (error) {
        throw asOpen(error, body.numbers);
      }
    },
    confirm: bind,
    async ruleOut(number) {
      const { client, clientSeq } = number;
      if (claims.of(client, clientSeq) !== undefined)
        throw new MoeError(
          'order-open',
          `Order ${clientSeq} of client ${client} is certified: its job is paid.`,
        );
      await bind(number, null);
    },
  };
}

function asOpen(error: unknown, numbers: readonly ClientOrder[]): unknown {
  if (!isMoeError(error, 'signed-already') && !isMoeError(error, 'signed-past')) return error;
  return new MoeError(
    'order-open',
    `${numbers.map(({ client, clientSeq }) => `Order ${clientSeq} of client ${client}`).join(' or ')} stands for another job here, until the time of that is over.`,
  );
}
