import { join } from 'node:path';
import { type MarketId, MoeError, messageOf, type NodeId } from '@market-of-experts/core';
import type { ReceiptStore } from '@market-of-experts/ledger';
import { scopedTransport } from '@market-of-experts/network';
import { editionName, type Places } from '@market-of-experts/protocol';
import { historyBeliefs } from '@market-of-experts/roles/calling/history-beliefs';
import { auditsFile } from '@market-of-experts/roles/coordinator/audits/audit-file';
import { keepAuditing } from '@market-of-experts/roles/coordinator/audits/audit-times';
import {
  type Auditor,
  auditor,
  auditTextBytes,
  versionsOf,
} from '@market-of-experts/roles/coordinator/audits/auditor';
import { type CoordinatorRole, coordinatorRole } from '@market-of-experts/roles/coordinator/coordinator-role';
import { keepBatch } from '@market-of-experts/roles/receipts/kept-batch';
import { readStandings } from '@market-of-experts/roles/settlement/standings-file';
import { type LedgerView, ledgerView } from '@market-of-experts/roles/view/ledger-view';
import { presenceBook } from '@market-of-experts/roles/view/presence';
import type { MarketStore } from '../directory/market-store.ts';
import { publishRecord, summaryOf } from '../events/job-feed.ts';
import { recentOrders } from '../events/recent-orders.ts';
import { foundedMarketId } from '../genesis/genesis-terms.ts';
import type { JoiningAllowance } from '../house/enrol-expert.ts';
import { expertNames } from '../house/expert-names.ts';
import { type MarketExperts, marketExperts } from '../house/market-experts.ts';
import { prepayClients } from '../house/prepaid.ts';
import { taskSkills } from '../house/task-skills.ts';
import { closersOf } from './closers.ts';
import { type EditionKeeper, editionKeeper } from './edition-keeper.ts';
import { type Editions, ledgerEditions, openEditions } from './editions.ts';
import { type ExamBook, examBook } from './exam-book.ts';
import { type MarketHistory, openMarketHistory } from './market-history.ts';
import { openMarketPlaces } from './market-places.ts';
import { type MarketRequests, marketRequests } from './market-requests.ts';
import type { ProcessParts } from './process-parts.ts';
import { resumeOrders } from './resume.ts';
import { retireMarket } from './retire-market.ts';
import { standingsKeeper } from './standings-keeper.ts';

/** One market that this process serves: its places, orders, receipts, settlements and standings are its own. */
export interface MarketRuntime {
  readonly market: MarketId;
  readonly receipts: ReceiptStore;
  readonly places: Places;
  readonly view: LedgerView;
  readonly experts: MarketExperts;
  readonly coordinator: CoordinatorRole;
  readonly requests: MarketRequests;
  readonly editions: Editions;
  /** Of a market whose owner's keys are here. */
  readonly editionKeeper: EditionKeeper | undefined;
  /** What editions and pay look at. */
  readonly exams: ExamBook;
  readonly history: MarketHistory;
  readonly nameOf: (node: NodeId) => string;
  /** What its operator should know, in sentences. */
  readonly notices: () => readonly string[];
  /** Finishes what is open, settles it, and closes the files. The clients' money stays where it is. Safe to call twice. */
  close(): Promise<void>;
  /**
   * Ends the market for good: finishes and settles what is open, however often that must be tried, gives the clients their
   * money back, and closes. Requests are told the reason. Aborted, it leaves the rest to the next process.
   */
  retire(reason: MoeError, signal: AbortSignal): Promise<void>;
}

export interface MarketRuntimeInit {
  readonly market: MarketId;
  readonly store: MarketStore;
  /** In a market of others: what the house's experts may have there. */
  readonly allowance?: JoiningAllowance | undefined;
  /** Whether it takes requests, or only settles what an earlier process left. */
  readonly isOpen: boolean;
}

export async function openMarketRuntime(
  parts: ProcessParts,
  init: MarketRuntimeInit,
): Promise<MarketRuntime> {
  const { market, store } = init;
  const { embedded, house, gateway, space, clock, random, feed } = parts;
  const { keys } = house;
  const { clients } = gateway;
  const { ledger } = embedded;
  const { receipts, directory } = store;
  const onWarning =
    market === foundedMarketId
      ? parts.onWarning
      : (message: string): void => parts.onWarning(`${market}: ${message}`);
  const { terms } = ledger.market(market)!;
  const parameters = () => (ledger.market(market)?.terms ?? terms).parameters;
  const skillOf = taskSkills[terms.task];
  const closers = closersOf(() => store.close());
  try {
    if (init.isOpen) await prepayClients(embedded, keys, clients, market, gateway.prepaid.lockMicro);
    const places = await openMarketPlaces(
      join(directory, 'places'),
      space.pointsOfTexts,
      terms.parameters.places,
      onWarning,
    );
    const standingsPath = join(directory, 'standings.cbor');
    const start = await readStandings({
      path: standingsPath,
      ledger,
      market,
      gateway: gateway.transport.self,
      receipts,
      onWarning,
    });
    const nameOf = expertNames(ledger, market);
    const history = openMarketHistory({
      dataDir: directory,
      parameters: terms.parameters,
      receipts,
      rosterOf: (hash) => view.rosterOf(hash),
      nameOf,
      nowMs: () => clock.nowMs(),
      onWarning,
    });
    closers.add(() => history.close());
    const exams = examBook({
      market,
      ledger,
      receipts,
      rosterOf: (hash) => view.rosterOf(hash),
      modelOf: (node) => experts.modelOf(node),
      onWarning,
    });
    closers.add(() => exams.close());
    const { isHeld, leastAgeMs, ...founding } = parts.edition;
    const editions = init.isOpen
      ? await openEditions({ ...founding, ledger, market, keyOf: house.keyOf, nameOf, onWarning })
      : ledgerEditions(ledger, market);
    const presence = presenceBook();
    const view = ledgerView({
      market,
      ledger,
      places,
      founders: () => space.founders,
      presence,
      edition: editions.get,
      start,
      beliefs: historyBeliefs(history.history, clock),
    });
    closers.add(async () => view.close());
    const keeper = standingsKeeper(standingsPath, view, onWarning);
    const experts = marketExperts({
      market,
      skillOf,
      allowance: init.allowance,
      keys,
      signerOf: house.signerOf,
      textKeys: house.textKeys,
      embedded,
      view,
      presence,
      parameters,
      nameOf,
      clock,
      random,
      onWarning,
      onLeft: (expert) => {
        // Like who joins: of the first market.
        if (market === foundedMarketId) feed.publish({ type: 'expert-left', expert });
      },
    });
    const owner = house.keyOf(ledger.market(market)!.owner);
    let keeping: EditionKeeper | undefined;
    let audits: Auditor | undefined;
    let stopAudits = async (): Promise<void> => undefined;
    if (init.isOpen && owner !== undefined) {
      keeping = editionKeeper({
        ledger,
        market,
        keys: owner,
        editions,
        exams,
        isHeld,
        leastAgeMs,
        isKeptOut: (node) => audits?.isFound(node) === true,
        nameOf,
        onChosen: ({ edition, change }) =>
          onWarning(
            `${editionName(edition)} is in force from now on: exams prove a gain of ${change.gain.toFixed(4)} of loss (moe edition show).`,
          ),
        onWarning,
      });
      closers.add(keeping.close);
    }
    await parts.validators.join({
      market,
      view,
      directory,
      keepBatch: (settlement, content) => keepBatch(receipts, settlement, content),
    });
    closers.add(() => parts.validators.leave(market));
    closers.add(() => experts.close());

    const { orders: pending, rosters } = await resumeOrders(receipts, ledger, market);
    for (const roster of rosters) view.remember(roster);
    const transport = scopedTransport(gateway.transport, market);
    closers.add(() => transport.close());
    const coordinator = coordinatorRole({
      keys: gateway.keys,
      market,
      ownerKey: keys.owner('market-owner'),
      keysOf: (client) => clients.accounts.get(client),
      unsettled: pending,
      settleEveryMs: gateway.settleEveryMs,
    })({
      transport,
      view,
      ledger,
      receipts,
      clock,
      random,
      rollCaller: parts.rollCaller,
      slots: gateway.slots,
      reserve: parts.reserve,
      positionsOf: parts.base.positions,
      countTokens: gateway.countTokens,
      isPartHere: (part) => experts.isPartHere(part),
      nameOf,
      onEquivocation: (statements, orders) => {
        ledger
          .transact(keys.owner('market-owner'), {
            kind: 'evidence',
            market,
            proof: { kind: 'statements', orders: [...orders], statements: [...statements] },
          })
          .then(
            () => view.refresh(),
            (error: unknown) => onWarning(`Equivocation could not be punished: ${messageOf(error)}`),
          );
      },
      onContradiction: ({ version, statements: [earlier, later] }) => {
        ledger
          .transact(keys.owner('market-owner'), {
            kind: 'evidence',
            market,
            proof: { kind: 'contradiction', version, statements: [earlier, later] },
          })
          .then(
            () => view.refresh(),
            (error: unknown) => onWarning(`A contradiction could not be punished: ${messageOf(error)}`),
          );
      },
      onRecord: (id, record) => {
        publishRecord(feed, id, market, record, nameOf);
        if (record.proof.kind !== 'certificate') return;
        audits?.observe(id, record);
        void history.remember(record);
        void exams.keep(record);
        // A job has a record for each of its orders, and its experts learn of it once.
        if (record.proof.data[0] === 0) experts.observe(record.proof.certificate.body);
      },
      onSettled: (settlement) => {
        keeper.settled();
        feed.publish({
          type: 'settlement-applied',
          market,
          jobs: settlement.certificates,
          movedMicro: settlement.orders.reduce((sum, { chargeMicro }) => sum + chargeMicro, 0n),
          height: ledger.height(),
        });
      },
      onWarning,
    });
    closers.add(async () => keeper.save());
    closers.add(() => coordinator.settler.close());
    closers.add(() => coordinator.close());
    for (const { id, record } of await recentOrders(receipts, history.completeUntilMs)) {
      history.catchUp(record);
      void exams.keep(record);
      feed.remember(summaryOf(id, market, record, nameOf));
    }

    // The house pays for them, in the markets that it owns.
    if (init.isOpen && owner !== undefined) {
      audits = auditor({
        market,
        path: join(directory, auditsFile),
        account: house.account,
        texts: (others) => parts.reserve.auditTexts(others, auditTextBytes, random),
        coordinator,
        view,
        versionOf: versionsOf(ledger, market),
        clock,
        random,
        onFound: ({ node }) => onWarning(betterInExams(market, nameOf(node))),
        onWarning,
      });
      stopAudits = keepAuditing(audits, { clock, random }, parts.auditsPerHour);
      closers.add(stopAudits);
    }

    const requests = marketRequests(coordinator, house.account, clock);
    closers.add(async () => {
      await requests.shut(stopping());
      await experts.stopWork();
    });
    return {
      market,
      receipts,
      places,
      view,
      experts,
      coordinator,
      requests,
      editions,
      editionKeeper: keeping,
      exams,
      history,
      nameOf,
      notices: () => audits?.found().map((node) => betterInExams(market, nameOf(node))) ?? [],
      close: closers.close,
      async retire(reason, signal) {
        await stopAudits();
        await retireMarket(
          { market, reason, ledger, requests, experts, coordinator, clients, clock, onWarning },
          signal,
        ).finally(() => closers.close());
      },
    };
  } catch (error) {
    await closers.close().catch(() => undefined);
    throw error;
  }
}

function betterInExams(market: MarketId, name: string): string {
  return `In "${market}", ${name} answers better in exams than it does in service, by audits days apart: it may make its exam answers up. Exams do not bring it into the edition; if it is a part now, ask its operator, or name other parts.`;
}

function stopping(): MoeError {
  return new MoeError('market-closed', 'The market is closing. Try again when it is back.', {
    isRetryable: true,
  });
}
