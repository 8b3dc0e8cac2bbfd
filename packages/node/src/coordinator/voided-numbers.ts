import { type Clock, encode, isMoeError, MoeError, type NodeId } from '@moe/core';
import type { Transport } from '@moe/network';
import type { MarketView } from '../market/market-view.ts';
import { call } from '../market/messaging.ts';
import { protocols, voidResponseSchema } from '../protocols.ts';
import type { RollCaller } from './roll-caller.ts';
import type { DecidedOrder } from './settler.ts';
import { runStage } from './stage.ts';

export interface VoidedNumbersInit {
  readonly transport: Transport;
  readonly view: Pick<MarketView, 'validators' | 'isQuorum'>;
  readonly clock: Clock;
  readonly rollCaller?: RollCaller | undefined;
}

/** Orders of which enough validators have said that nothing comes of them any more. */
export interface VoidedNumbers {
  isVoid(order: DecidedOrder): boolean;
  /**
   * Asks about orders, those refused lately excepted. An order whose experts were at work is void when its time is over, and not
   * before. Throws `no-quorum` when too few validators are there to say anything.
   */
  ask(orders: readonly DecidedOrder[]): Promise<void>;
  /** They are settled. */
  forget(orders: readonly DecidedOrder[]): void;
}

const answerMs = 5_000;
/** How long an order that may still come to something is left alone. */
export const askAgainMs = 5_000;

export function voidedNumbers({ transport, view, clock, rollCaller }: VoidedNumbersInit): VoidedNumbers {
  const voids = new Set<string>();
  const refusedMs = new Map<string, number>();

  const askOne = async ({ id, record }: DecidedOrder): Promise<void> => {
    const { client, clientSeq } = record.effects;
    const request = encode({ client, clientSeq });
    const agreed: NodeId[] = [];
    const failures = await runStage({
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
    isVoid: ({ id }) => voids.has(id),
    async ask(orders) {
      const due = orders.filter(
        ({ id }) =>
          !voids.has(id) && clock.steadyMs() - (refusedMs.get(id) ?? Number.NEGATIVE_INFINITY) >= askAgainMs,
      );
      await Promise.all(due.map(askOne));
    },
    forget(orders) {
      for (const { id } of orders) {
        voids.delete(id);
        refusedMs.delete(id);
      }
    },
  };
}

function isStillOpen(error: unknown): boolean {
  return isMoeError(error, 'handler-failed') && error.metadata.handlerCode === 'order-open';
}
