import { type Clock, encode, isMoeError, MoeError, type NodeId } from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';
import type { OrderNumber } from '../job/order-number.ts';
import { askSeats } from '../messages/ask-seats.ts';
import { call } from '../messages/messaging.ts';
import { protocols, voidResponseSchema } from '../messages/protocols.ts';
import type { MarketView } from '../view/market-view.ts';
import type { RollCaller } from './roll-caller.ts';

export interface VoidedNumbersInit {
  readonly transport: Transport;
  readonly view: Pick<MarketView, 'validators' | 'isQuorum'>;
  readonly clock: Clock;
  readonly rollCaller?: RollCaller | undefined;
}

/** Order numbers of which enough validators have said that nothing comes of them any more. */
export interface VoidedNumbers {
  isVoid(number: OrderNumber): boolean;
  /**
   * Asks about some, those refused lately excepted. An order whose experts were at work is void when its time is over, and not
   * before. Throws `no-quorum` when too few validators are there to say anything.
   */
  ask(numbers: readonly OrderNumber[]): Promise<void>;
  /** They are settled. */
  forget(numbers: readonly OrderNumber[]): void;
}

const answerMs = 5_000;
/** How long an order that may still come to something is left alone. */
export const askAgainMs = 5_000;

export function voidedNumbers({ transport, view, clock, rollCaller }: VoidedNumbersInit): VoidedNumbers {
  const voids = new Set<string>();
  const refusedMs = new Map<string, number>();

  const askOne = async (number: OrderNumber): Promise<void> => {
    const { client, clientSeq } = number;
    const id = keyOf(number);
    const request = encode({ client, clientSeq });
    const agreed: NodeId[] = [];
    const failures = await askSeats({
      seats: view.validators(),
      deadlineMs: answerMs,
      graceMs: 0,
      clock,
      signal: new AbortController().signal,
      ask: (seat, signal) =>
        call(transport, seat, protocols.void, request, voidResponseSchema, { timeoutMs: answerMs, signal }),
      accept: (seat) => void agreed.push(seat),
      progress: () => (view.isQuorum(agreed) ? 'all' : 'waiting'),
    });
    if (view.isQuorum(agreed)) {
      voids.add(id);
      refusedMs.delete(id);
      return;
    }
    refusedMs.set(id, clock.steadyMs());
    if ([...failures.values()].some(isStillOpen)) return;
    rollCaller?.validatorsMissing();
    throw new MoeError('no-quorum', 'Too few validators are there to say that an order is void.', {
      isRetryable: true,
      cause: [...failures.values()][0],
    });
  };
  return {
    isVoid: (number) => voids.has(keyOf(number)),
    async ask(numbers) {
      const due = numbers.filter((number) => {
        const atMs = refusedMs.get(keyOf(number)) ?? Number.NEGATIVE_INFINITY;
        return !voids.has(keyOf(number)) && clock.steadyMs() - atMs >= askAgainMs;
      });
      await Promise.all(due.map(askOne));
    },
    forget(numbers) {
      for (const number of numbers) {
        voids.delete(keyOf(number));
        refusedMs.delete(keyOf(number));
      }
    },
  };
}

function keyOf({ client, clientSeq }: OrderNumber): string {
  return `${client}/${clientSeq}`;
}

function isStillOpen(error: unknown): boolean {
  return isMoeError(error, 'handler-failed') && error.metadata.handlerCode === 'order-open';
}
