import type { EmbeddedText } from '@market-of-experts/api/market-service';
import {
  type AccountId,
  type KeyPair,
  type MarketId,
  MoeError,
  messageOf,
  type NodeId,
} from '@market-of-experts/core';
import type { ReceiptStore } from '@market-of-experts/ledger';
import type { ExpertBackend } from '@market-of-experts/models';
import { wordsOf } from '@market-of-experts/protocol';
import type { ReceiptRecord } from '../receipts/receipt-record.ts';
import { compete } from './competition.ts';
import { createMerit } from './merit.ts';
import { createRecords } from './records.ts';
import type { RoutedSession } from './routed-session.ts';
import { createRouting } from './routing.ts';
import type { Settler } from './settler.ts';
import type { Slots } from './slots.ts';
import type { CompetingComponents, TextRequest } from './text-request.ts';

export interface CoordinatorInit {
  readonly keys: KeyPair;
  /** Whose texts it serves. */
  readonly market: MarketId;
}

export interface CoordinatorComponents extends Omit<CompetingComponents, 'market'> {
  readonly receipts: ReceiptStore;
  readonly settler: Settler;
  /** A cheap encoder of the market's space: routed mode then asks whoever is best for texts like the one at hand. */
  readonly router?: ExpertBackend | undefined;
  readonly onRecord: (id: string, record: ReceiptRecord) => void;
  /** Bounds the jobs that run at once, also those of other markets that share it. */
  readonly slots: Slots;
  readonly onWarning?: (message: string) => void;
}

export interface CoordinatorRole {
  readonly id: NodeId;
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

/** How sure it must be that one expert is the best for a text before `auto` asks it alone. */
const sureEnough = 0.95;

/** Runs jobs for clients: takes the order, competes or routes, keeps the record, hands it to settlement. */
export function coordinatorRole(
  init: CoordinatorInit,
): (components: CoordinatorComponents) => CoordinatorRole {
  return (given) => {
    const components = { ...given, ...init, onWarning: given.onWarning ?? (() => undefined) };
    const { market, view, ledger, random, slots, onWarning } = components;
    const records = createRecords(components);
    const routing = createRouting({ ...components, records });
    const merit = createMerit(components);
    const competition = { ...components, records };
    const voiding = new Set<Promise<void>>();

    return {
      id: init.keys.publicKey as NodeId,
      async embed(request) {
        records.assertStoring();
        const { parameters } = view.current().roster;
        const bytes = Buffer.byteLength(request.text);
        if (bytes > parameters.maximumTextBytes)
          throw new MoeError(
            'input-too-large',
            `The text has ${bytes} bytes; this market serves texts of at most ${parameters.maximumTextBytes}. Split it.`,
          );
        const isAudit = (): boolean =>
          random.bytes(2).reduce((sum, byte) => sum * 256 + byte, 0) % 10_000 < parameters.auditBps;
        const run = () => slots.run(() => compete(competition, request, bytes), request);
        const canCompete = hasWords(request.text, parameters.minimumWords);
        if (canCompete && (request.mode === 'shard' || isAudit())) return run();
        const { experts, confidence } = await merit(request.text, request.signal);
        // A competition costs several times the work and time: `auto` holds one where it may find a better expert.
        if (canCompete && request.mode === 'auto' && confidence < sureEnough) return run();
        return routing.route(request, bytes, experts);
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
            const task = records
              .keepVoid({ client, clientSeq }, 'The gateway stopped before the job was decided.', {
                kind: 'client',
                isTextPublic: false,
                preview: '',
                salts: [],
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
        await records.close();
      },
    };
  };
}

/** Whether the text can be masked. Long texts are not segmented whole to find out. */
function hasWords(text: string, minimum: number): boolean {
  return wordsOf(text.slice(0, 40 * minimum)).length >= minimum || wordsOf(text).length >= minimum;
}
