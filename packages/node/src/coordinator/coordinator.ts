import {
  type AccountId,
  type Clock,
  type KeyPair,
  type MarketId,
  MoeError,
  messageOf,
  type Random,
} from '@moe/core';
import type { Ledger, ReceiptStore } from '@moe/ledger';
import type { Transport } from '@moe/network';
import { wordsOf } from '@moe/protocol';
import type { LedgerView } from '../market/ledger-view.ts';
import type { EmbeddedText } from '../market-service.ts';
import type { ReceiptRecord } from '../receipts/receipt-record.ts';
import type { ClientOrders } from './client-orders.ts';
import { compete } from './competition.ts';
import { createRecords } from './records.ts';
import type { RoutedSession } from './routed-session.ts';
import { createRouting } from './routing.ts';
import type { Settler } from './settler.ts';
import { createSlots } from './slots.ts';
import type { TextRequest } from './text-request.ts';

export interface CoordinatorComponents {
  readonly keys: KeyPair;
  readonly market: MarketId;
  readonly transport: Transport;
  readonly view: LedgerView;
  readonly ledger: Ledger;
  readonly receipts: ReceiptStore;
  readonly orders: ClientOrders;
  readonly settler: Settler;
  readonly clock: Clock;
  readonly random: Random;
  readonly countTokens: (text: string) => number;
  /** Keeps what receipts refer to by hash. */
  readonly keepRoster: (hash: string) => void;
  readonly onRecord: (id: string, record: ReceiptRecord) => void;
  readonly maxConcurrentJobs?: number;
  readonly onWarning?: (message: string) => void;
}

/** Runs jobs for clients: takes the order, competes or routes, keeps the record, hands it to settlement. */
export interface Coordinator {
  embed(request: TextRequest): Promise<EmbeddedText>;
  /** Records that are answered but not yet durable or tallied; settled by `close`. */
  openSessions(): readonly RoutedSession[];
  /**
   * After a restart: order numbers between those that have a record were lost with the process. They are voided,
   * so that the records after them can be settled.
   */
  voidGaps(known: readonly { readonly client: AccountId; readonly clientSeq: number }[]): void;
  close(): Promise<void>;
}

export function createCoordinator(components: CoordinatorComponents): Coordinator {
  const { market, view, ledger, orders, random } = components;
  const onWarning = components.onWarning ?? (() => undefined);
  const slots = createSlots(components.maxConcurrentJobs ?? 4, 8_192);
  const records = createRecords(components);
  const routing = createRouting({ ...components, records, onWarning });
  const competition = { ...components, records };
  const voiding = new Set<Promise<void>>();

  return {
    async embed(request) {
      const { parameters } = view.current().roster;
      const bytes = Buffer.byteLength(request.text);
      if (bytes > parameters.maximumTextBytes)
        throw new MoeError(
          'input-too-large',
          `The text has ${bytes} bytes; this market serves texts of at most ${parameters.maximumTextBytes}. Split it.`,
        );
      const isAudit = (): boolean =>
        random.bytes(2).reduce((sum, byte) => sum * 256 + byte, 0) % 10_000 < parameters.auditBps;
      if ((request.mode !== 'route' || isAudit()) && hasWords(request.text, parameters.minimumWords))
        return slots.run(() => compete(competition, request, bytes), request.signal);
      return routing.route(request, bytes);
    },
    openSessions: () => routing.openSessions(),
    voidGaps(known) {
      for (const client of new Set(known.map((effects) => effects.client))) {
        const numbers = new Set(
          known.filter((effects) => effects.client === client).map(({ clientSeq }) => clientSeq),
        );
        for (
          let clientSeq = ledger.nextOrderSeq(client, market);
          clientSeq < Math.max(...numbers);
          clientSeq += 1
        ) {
          if (numbers.has(clientSeq)) continue;
          const order = orders.retake(client, clientSeq);
          const task = records
            .keepVoid(order, 'The gateway stopped before the job was decided.', {
              kind: 'client',
              preview: '',
            })
            .catch((error: unknown) => onWarning(`A void could not be kept: ${messageOf(error)}`))
            .finally(() => voiding.delete(task));
          voiding.add(task);
        }
      }
    },
    async close() {
      await routing.close();
      await Promise.all(voiding);
    },
  };
}

/** Whether the text can be masked. Long texts are not segmented whole to find out. */
function hasWords(text: string, minimum: number): boolean {
  return wordsOf(text.slice(0, 40 * minimum)).length >= minimum || wordsOf(text).length >= minimum;
}
