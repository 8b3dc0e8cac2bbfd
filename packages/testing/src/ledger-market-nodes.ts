import { type Clock, hashOf, type MarketId, type Random } from '@market-of-experts/core';
import type { Ledger, ReceiptStore } from '@market-of-experts/ledger';
import type { ExpertBackend } from '@market-of-experts/models';
import type { DecisionPolicy } from '@market-of-experts/roles/calling/policy';
import { expertRole } from '@market-of-experts/roles/expert/expert-role';
import { keepBatch } from '@market-of-experts/roles/receipts/kept-batch';
import type { GuardedSigner } from '@market-of-experts/roles/signing/guarded-signer';
import { embeddingSkill } from '@market-of-experts/roles/tasks/embedding/embedding-skill';
import type { Attendant } from '@market-of-experts/roles/validator/attendance';
import type { ClaimBook } from '@market-of-experts/roles/validator/claim-book';
import {
  type LedgerValidator,
  ledgerDuties,
  ledgerValidator,
} from '@market-of-experts/roles/validator/ledger-validator';
import { ticketBook } from '@market-of-experts/roles/validator/ticket-book';
import type { LedgerView } from '@market-of-experts/roles/view/ledger-view';
import type { PresenceBook } from '@market-of-experts/roles/view/presence';
import type { Connections } from './connections.ts';
import { memoryDisk } from './memory-disk.ts';
import type { TestKeys } from './test-keys.ts';
import { testVersion } from './test-version.ts';

/** What every node of a test market is given. */
export interface NodeComponents {
  readonly keys: TestKeys;
  readonly signerOf: (role: string) => GuardedSigner;
  readonly connections: Connections;
  readonly ledger: Ledger;
  readonly view: LedgerView;
  readonly clock: Clock;
}

/** A node whose process may die and begin anew: its key, its disk and its place on the ledger stay. */
export interface ValidatorNode {
  /** Begins, after what ran before has ended. Resolves with what it keeps of unsettled jobs. */
  start(): Promise<ClaimBook>;
  stop(): Promise<void>;
}

/** The list of tickets of a validator's n-th process. */
export function ticketsOf(keys: TestKeys, name: string, depth: number, process = 0) {
  const first = name === 'validator' ? 'tickets' : name;
  return ticketBook(
    keys.keysOf(name),
    hashOf('ledger-market', process === 0 ? first : `${name}/${process}`),
    depth,
  );
}

export function validatorNode(
  init: { readonly market: MarketId; readonly name: string; readonly ticketDepth: number },
  components: NodeComponents & {
    /** Keeps what it settles in place of the gateway, where that is told. */
    readonly receipts: ReceiptStore | undefined;
    readonly onWarning: (message: string) => void;
  },
): ValidatorNode {
  const { market, name, ticketDepth } = init;
  const { keys, connections, ledger, view, clock, receipts, onWarning } = components;
  const node = keys.nodeOf(name);
  const disk = memoryDisk();
  let processes = 0;
  let running: { readonly attendant: Attendant; readonly role: LedgerValidator } | undefined;
  const stop = async (): Promise<void> => {
    const ended = running;
    running = undefined;
    await Promise.all([ended?.role.close(), connections.drop(node)]);
    await ended?.attendant.close();
  };
  return {
    async start() {
      await stop();
      const tickets = ticketsOf(keys, name, ticketDepth, processes);
      // The list of the process before is lost with it.
      if (processes > 0)
        await ledger.transact(keys.ownerOf('validator-owner'), {
          kind: 'updateValidator',
          node,
          ticketRoot: tickets.root,
        });
      processes += 1;
      const transport = connections.connect(node);
      const signer = components.signerOf(name);
      const attendant = ledgerDuties({ keys: keys.keysOf(name), signer })({
        transport,
        ledger,
        clock,
        onWarning,
      });
      await attendant.answered();
      const role = ledgerValidator({ market, signer })({
        ledger,
        transport,
        view,
        clock,
        tickets: () => tickets,
        ...disk,
        keepBatch: receipts && ((settlement, content) => keepBatch(receipts, settlement, content)),
        onWarning,
      });
      running = { attendant, role };
      return role.claims;
    },
    stop,
  };
}

export interface ExpertNodeInit {
  readonly name: string;
  readonly policy: DecisionPolicy;
  readonly backend: ExpertBackend;
}

/** Begins an expert's process, after the one before has lost its connection. */
export async function startExpert(
  { name, policy, backend }: ExpertNodeInit,
  components: NodeComponents & { readonly presence: PresenceBook; readonly random: Random },
): Promise<void> {
  const { keys, connections, ledger, view, clock, random, presence } = components;
  const node = keys.nodeOf(name);
  await connections.drop(node);
  const transport = connections.connect(node);
  expertRole({ signer: components.signerOf(name), policy })({
    transport,
    skill: embeddingSkill(backend),
    view,
    clock,
    random,
    presence,
    statements: {
      spoken: testVersion(node, backend.dimensions),
      epoch: () => ledger.settings().epoch,
    },
  });
}
