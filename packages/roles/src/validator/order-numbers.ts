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
  /**
   * The job is about to get this validator's ticket. Throws `message-refused` where another job of one of the numbers got one: who orders
   * could make many and keep the one whose draw he likes.
   */
  draw(orders: readonly ClientOrder[], job: JobId): void;
  /**
   * Notes a job that has come to its cut, under all of its numbers or none. Not where it has drawn another one of them: with other companions a number has
   * other ticket duties, and so another draw. Rejects with `message-refused` and `order-open`.
   */
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
type NotableJob = Pick<SealedJob, 'id' | 'orders' | 'roster' | 'feesMicro'>;

export interface OrderNumbersInit {
  readonly signer: GuardedSigner;
  readonly view: Pick<MarketView, 'prepaid' | 'current'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly claims: Pick<ClaimBook, 'of'>;
}

export function orderNumbers({ signer, view, clock, claims }: OrderNumbersInit): OrderNumbers {
  /** Fees of noted orders that are not settled, by client and number. */
  const noted = new Map<AccountId, Map<number, bigint>>();

  /** Jobs that have this validator's ticket, by client and number, until these are settled. */
  const drawn = new Map<AccountId, Map<number, JobId>>();
  const isDrawnOtherwise = ({ client, clientSeq }: ClientOrder, job: JobId): boolean =>
    (drawn.get(client)?.get(clientSeq) ?? job) !== job;

  /** Forgets what a job has entered where it is not noted: what stood there before stands again. */
  const remembered = ({ orders }: NotableJob): (() => void) => {
    const before = orders.map(({ body }) => noted.get(body.client)?.get(body.clientSeq));
    return () => {
      for (const [index, { body }] of orders.entries()) {
        const feeMicro = before[index];
        if (feeMicro !== undefined) noted.get(body.client)?.set(body.clientSeq, feeMicro);
        else forget(body);
      }
    };
  };
  const forget = ({ client, clientSeq }: ClientOrder): void => {
    const fees = noted.get(client);
    fees?.delete(clientSeq);
    if (fees?.size === 0) noted.delete(client);
  };

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
    draw(orders, job) {
      if (orders.some((order) => isDrawnOtherwise(order, job)))
        refuse('Another order with this number has a ticket already.');
      for (const { client, clientSeq } of orders) {
        const jobs = drawn.get(client) ?? new Map<number, JobId>();
        const nextSeq = view.prepaid(client)?.nextOrderSeq ?? 0;
        for (const settled of jobs.keys()) if (settled < nextSeq) jobs.delete(settled);
        drawn.set(client, jobs.set(clientSeq, job));
      }
    },
    async note(job, cut) {
      if (job.orders.some(({ body }) => isDrawnOtherwise(body, job.id)))
        refuse('Another job with one of these order numbers was drawn: a number is drawn once.');
      const takeBack = remembered(job);
      assertCovered(job);
      const body = noteOf(job.orders, cut);
      const untilMs = clock.nowMs() + jobMs(job.roster.parameters) + certifyAloneMs(job.roster);
      try {
        return await signer.note(body, untilMs);
      } catch (error) {
        takeBack();
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
      forget(number);
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
