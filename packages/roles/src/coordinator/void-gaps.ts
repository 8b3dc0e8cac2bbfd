import { type MarketId, messageOf } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import type { OrderNumber } from '../job/order-number.ts';
import type { OrderRecords } from './records.ts';

/** Closes order numbers of which an earlier process has left no record. */
export interface GapFiller {
  /** Voids the numbers between the last settled and the last known order of each client that are not known. */
  voidGaps(known: readonly OrderNumber[]): void;
  /** Resolves when all of these voids are kept, or have been warned of. */
  done(): Promise<void>;
}

export function gapFiller(components: {
  readonly market: MarketId;
  readonly ledger: Pick<Ledger, 'nextOrderSeq'>;
  readonly records: Pick<OrderRecords, 'keepVoid'>;
  readonly onWarning: (message: string) => void;
}): GapFiller {
  const { market, ledger, records, onWarning } = components;
  const voiding = new Set<Promise<void>>();
  const close = (order: OrderNumber): void => {
    const task = records
      .keepVoid(order, 'The gateway stopped before the job was decided.', {
        kind: 'client',
        isTextPublic: false,
        preview: '',
        salts: [],
      })
      .catch((error: unknown) => onWarning(`A void could not be kept: ${messageOf(error)}`))
      .finally(() => voiding.delete(task));
    voiding.add(task);
  };
  return {
    voidGaps(known) {
      for (const client of new Set(known.map((order) => order.client))) {
        const numbers = new Set(
          known.filter((order) => order.client === client).map(({ clientSeq }) => clientSeq),
        );
        const last = Math.max(...numbers);
        for (let clientSeq = ledger.nextOrderSeq(client, market); clientSeq < last; clientSeq += 1)
          if (!numbers.has(clientSeq)) close({ client, clientSeq });
      }
    },
    done: async () => void (await Promise.all(voiding)),
  };
}
