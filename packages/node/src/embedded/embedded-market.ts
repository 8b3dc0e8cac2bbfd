import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type AccountId, type MarketId, messageOf, type NodeId, systemClock, systemRandom } from '@moe/core';
import type { ExpertBackend } from '@moe/experts';
import { CalibrationStore, chunkPieces, loadCalibrationSet } from '@moe/history';
import { type Ledger, lockDirectory } from '@moe/ledger';
import { createMemoryNetwork } from '@moe/network';
import { embeddedParameters, type MarketParameters, rosterBytes } from '@moe/protocol';
import { historyBeliefs } from '../calling/history-beliefs.ts';
import { clientOrders } from '../coordinator/client-orders.ts';
import { createCoordinator } from '../coordinator/coordinator.ts';
import { epochKeeper } from '../coordinator/epoch-keeper.ts';
import { createSettler } from '../coordinator/settler.ts';
import { ledgerView } from '../market/ledger-view.ts';
import { addTotals, readStandings, writeStandings } from '../market/standings-file.ts';
import type { MarketService } from '../market-service.ts';
import { decodeRecord, type ReceiptRecord, rosterId } from '../receipts/receipt-record.ts';
import { openApiKey } from './api-key.ts';
import { founderKeyNames, openLedgerOf, prepayClient } from './bootstrap.ts';
import { publishNextChunk } from './calibrate.ts';
import { assertDataFormat } from './data-format.ts';
import { createExpertPool, type ExpertPool, type ExpertSpec } from './expert-pool.ts';
import { createJobFeed, publishRecord, summaryOf } from './job-feed.ts';
import { openKeyFile } from './key-file.ts';
import { openMarketHistory } from './market-history.ts';
import { openMarketPlaces } from './market-places.ts';
import { resumeOrders } from './resume.ts';
import { marketService } from './service.ts';
import { openValidators, type ValidatorSpec, validatorSpecs } from './validators.ts';

export interface EmbeddedMarketInit {
  readonly dataDir: string;
  /**
   * Defines the market's space; its vectors fix the places the first time. A function is called once the data
   * directory is this process's alone.
   */
  readonly founding: ExpertSpec | (() => Promise<ExpertSpec>);
  /** Names of the experts that open the market and so are not on probation, the founding one among them. */
  readonly founders: readonly string[];
  readonly countTokens: (text: string) => number;
  readonly version: string;
  readonly parameters?: Partial<MarketParameters>;
  readonly onWarning?: (message: string) => void;
  /** A cheap encoder of the market's space, to see whom to ask in routed mode; without it the best overall is asked. */
  readonly router?: ExpertBackend;
  /** Gives up the start. */
  readonly signal?: AbortSignal;
  /** Validators to run; default three, so that two can outvote one. */
  readonly validators?: readonly ValidatorSpec[];
  /** Length of an epoch of a new network; default a minute. */
  readonly epochMs?: number;
  /** A validator's ticket list has `2^ticketDepth` tickets; default 14. */
  readonly ticketDepth?: number;
  /** How long decided orders are collected before they are settled together; default 300 ms. */
  readonly settleEveryMs?: number;
}

/** A whole market in one process: ledger, validators, experts, coordinator. Programs use its `service`. */
export interface EmbeddedMarket {
  readonly service: MarketService;
  readonly ledger: Ledger;
  readonly experts: ExpertPool;
  /** Key of the prepaid account that every new data directory has. */
  readonly apiKey: string;
  readonly clientAccount: AccountId;
  /** The operator's own account, which buys house jobs. */
  readonly houseAccount: AccountId;
  /** Finishes what is open, settles it, and closes the ledger. Safe to call twice. */
  close(): Promise<void>;
}

export const embeddedMarketId = 'text-embedding' as MarketId;
const clientCredits = 1_000;
const houseCredits = 1_000;
const defaultTicketDepth = 14;
const defaultEpochMs = 60_000;
const defaultValidators = 3;
const standingsEveryBatches = 20;
/** Orders of earlier processes that lists show; so many more are looked at when the history lacks them. */
const listedOrders = 100;
const caughtUpOrders = 1_000;

/**
 * Opens the market of a data directory, or founds it. Throws `data-directory-in-use`, `data-directory-unusable`,
 * `keys-unreadable`, `keys-missing`, `api-key-unreadable`, `calibration-corrupt`, and what the ledger throws.
 */
export async function openEmbeddedMarket(init: EmbeddedMarketInit): Promise<EmbeddedMarket> {
  const lock = lockDirectory(init.dataDir);
  let isLocked = true;
  const unlock = (): void => {
    if (isLocked) lock.release();
    isLocked = false;
  };
  try {
    return await openLockedMarket(init, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

async function openLockedMarket(init: EmbeddedMarketInit, unlock: () => void): Promise<EmbeddedMarket> {
  const market = embeddedMarketId;
  const onWarning = init.onWarning ?? (() => undefined);
  const startSignal = init.signal ?? new AbortController().signal;
  const ledgerDirectory = join(init.dataDir, 'ledger');
  assertDataFormat(init.dataDir, existsSync(ledgerDirectory));
  const keys = openKeyFile({
    path: join(init.dataDir, 'keys.json'),
    names: founderKeyNames,
    hasLedger: existsSync(ledgerDirectory),
  });
  const clientAccount = keys.owner('client').address;
  const { apiKey, authenticate } = openApiKey(init.dataDir, clientAccount);
  const founding = typeof init.founding === 'function' ? await init.founding() : init.founding;
  startSignal.throwIfAborted();
  const calibrationSet = loadCalibrationSet();
  const embedded = await openLedgerOf(
    ledgerDirectory,
    keys,
    market,
    {
      parameters: { ...embeddedParameters, ...init.parameters },
      anchors: calibrationSet.hash,
      nowMs: systemClock.nowMs(),
      epochMs: init.epochMs ?? defaultEpochMs,
    },
    onWarning,
  );
  const { ledger, receipts } = embedded;
  const { parameters } = ledger.market(market)!.terms;
  /** Undone in reverse, each whatever becomes of the others. */
  const closers: (() => Promise<unknown>)[] = [async () => unlock(), () => embedded.close()];
  const closeAll = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const close of closers.reverse()) await close().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  };
  try {
    const gatewayKeys = keys.node('gateway');
    const gateway = gatewayKeys.publicKey as NodeId;
    const validators = await openValidators({
      specs: init.validators ?? validatorSpecs(defaultValidators),
      keys,
      embedded,
      ticketDepth: init.ticketDepth ?? defaultTicketDepth,
      refresh: () => view.refresh(),
      onWarning,
    });
    closers.push(() => validators.close());
    await prepayClient(embedded, keys, market, 'client', gateway, clientCredits);
    const houseAccount = await prepayClient(embedded, keys, market, 'house', gateway, houseCredits);
    const accounts = new Map([
      [clientAccount, keys.owner('client')],
      [houseAccount, keys.owner('house')],
    ]);

    const calibration = new CalibrationStore({ directory: join(init.dataDir, 'calibration') });
    const foundingNode = keys.node(`expert-${founding.name}`).publicKey;
    if (calibration.count(foundingNode) < chunkPieces)
      await publishNextChunk(foundingNode, founding.backend, calibrationSet.pieces, calibration, startSignal);
    const places = openMarketPlaces(
      join(init.dataDir, 'places'),
      calibration,
      foundingNode,
      parameters.places,
      onWarning,
    );
    startSignal.throwIfAborted();

    const standingsPath = join(init.dataDir, 'standings.cbor');
    const start = await readStandings(standingsPath, ledger.market(market)!.nextBatch, receipts);
    let totals = start.totals;
    const network = createMemoryNetwork();
    const nameOf = (node: NodeId): string => ledger.expert(market, node)?.name ?? node.slice(0, 8);
    const marketHistory = openMarketHistory({
      dataDir: init.dataDir,
      parameters,
      receipts,
      rosterOf: (hash) => view.rosterOf(hash),
      nameOf,
      nowMs: () => systemClock.nowMs(),
      onWarning,
    });
    closers.push(() => marketHistory.close());
    const founders = init.founders.map((name) => keys.node(`expert-${name}`).publicKey as NodeId);
    const view = ledgerView({
      market,
      ledger,
      calibration,
      calibrationHash: calibrationSet.hash,
      places,
      founders: () => founders,
      isOnline: (node) => experts.isOnline(node),
      start,
      beliefs: historyBeliefs(marketHistory.history, systemClock),
    });
    const feed = createJobFeed(onWarning);
    const experts = createExpertPool({
      market,
      keys,
      embedded,
      network,
      view,
      calibration,
      pieces: calibrationSet.pieces,
      parameters,
      feed,
      clock: systemClock,
      random: systemRandom,
      onWarning,
      totals: () => totals,
    });
    closers.push(() => experts.close());
    await validators.start({
      network,
      market,
      view,
      clock: systemClock,
      random: systemRandom,
      dataDir: init.dataDir,
    });

    const unfinished = await resumeOrders(receipts, ledger, market);
    for (const roster of unfinished.rosters) view.remember(roster);
    const pending = unfinished.orders;
    const transport = network.connect(gateway);
    const orders = clientOrders({
      ledger,
      market,
      keysOf: (client) => accounts.get(client),
      firstSeq: (client) =>
        Math.max(
          ledger.nextOrderSeq(client, market),
          ...pending
            .filter(({ record }) => record.effects.client === client)
            .map(({ record }) => record.effects.clientSeq + 1),
        ),
      pendingFees: pending.map(({ record: { effects } }) => ({
        client: effects.client,
        clientSeq: effects.clientSeq,
        feeMicro: -effects.deltas.reduce(
          (sum, { deltaMicro }) => sum + (deltaMicro < 0n ? deltaMicro : 0n),
          0n,
        ),
      })),
    });
    let batchesSinceSaved = 0;
    const settler = createSettler({
      market,
      gateway,
      ownerKey: keys.owner('market-owner'),
      transport,
      ledger,
      receipts,
      view,
      orders,
      clock: systemClock,
      onWarning,
      ...(init.settleEveryMs === undefined ? {} : { intervalMs: init.settleEveryMs }),
      onSettled: (settlement, effects) => {
        totals = addTotals(totals, effects);
        batchesSinceSaved += 1;
        if (batchesSinceSaved >= standingsEveryBatches) {
          batchesSinceSaved = 0;
          writeStandings(standingsPath, { ...view.standings(), totals });
        }
        feed.publish({
          type: 'settlement-applied',
          jobs: settlement.certificates,
          movedMicro: settlement.orders.reduce((sum, { chargeMicro }) => sum + chargeMicro, 0n),
          height: ledger.height(),
        });
      },
    });
    closers.push(
      async () => writeStandings(standingsPath, { ...view.standings(), totals }),
      () => settler.close(),
    );
    const keptRosters = new Set<string>();
    const coordinator = createCoordinator({
      keys: gatewayKeys,
      market,
      transport,
      view,
      ledger,
      receipts,
      orders,
      settler,
      clock: systemClock,
      random: systemRandom,
      countTokens: init.countTokens,
      keepRoster: (hash) => {
        const roster = view.rosterOf(hash as never);
        if (keptRosters.has(hash) || roster === undefined) return;
        keptRosters.add(hash);
        // Written before the record that names it: the store keeps the order.
        receipts.put(rosterId(hash), rosterBytes(roster), { pending: false }).catch((error: unknown) => {
          keptRosters.delete(hash);
          onWarning(`A roster could not be kept: ${messageOf(error)}`);
        });
      },
      router: init.router,
      onEquivocation: (statements, order) => {
        ledger
          .transact(keys.owner('market-owner'), {
            kind: 'evidence',
            market,
            proof: { kind: 'statements', order, statements: [...statements] },
          })
          .then(
            () => view.refresh(),
            (error: unknown) => onWarning(`Equivocation could not be punished: ${messageOf(error)}`),
          );
      },
      onRecord: (id, record) => {
        publishRecord(feed, id, record, nameOf);
        if (record.proof.kind !== 'certificate') return;
        void marketHistory.remember(record);
        experts.observe(record.proof.certificate.body);
      },
      onWarning,
    });
    closers.push(() => coordinator.close());
    for (const order of pending) settler.add(order);
    coordinator.voidGaps(pending.map(({ record }) => record.effects));
    const lately: { readonly id: string; readonly record: ReceiptRecord }[] = [];
    for (const { id, bytes } of await receipts.recent(caughtUpOrders)) {
      if (!/^[0-9a-f]{64}$/.test(id)) continue;
      const record = decodeRecord(bytes);
      if (lately.length >= listedOrders && record.atMs < marketHistory.completeUntilMs) break;
      lately.push({ id, record });
    }
    for (const { id, record } of lately.toReversed()) {
      marketHistory.catchUp(record);
      feed.remember(summaryOf(id, record, nameOf));
    }

    await experts.add(founding);
    const keeper = epochKeeper({
      ledger,
      transport,
      keys: keys.owner('market-owner'),
      clock: systemClock,
      onWarning,
    });
    closers.push(() => keeper.close());
    const { service, close: closeService } = marketService({
      market,
      version: init.version,
      embedded,
      view,
      orders,
      settler,
      coordinator,
      experts,
      calibration,
      calibrationTarget: calibrationSet.pieces.length,
      places,
      feed,
      authenticate,
      houseAccount,
      totals: () => totals,
      history: marketHistory,
      nameOf,
    });
    closers.push(() => Promise.all([closeService(), experts.stopWork()]));
    let closing: Promise<void> | undefined;
    return {
      apiKey,
      clientAccount,
      houseAccount,
      ledger,
      experts,
      service,
      close: () => {
        closing ??= closeAll();
        return closing;
      },
    };
  } catch (error) {
    await closeAll().catch(() => undefined);
    throw error;
  }
}
