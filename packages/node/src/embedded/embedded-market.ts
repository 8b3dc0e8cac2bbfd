import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AccountId,
  hashOf,
  type MarketId,
  type NodeId,
  systemClock,
  systemRandom,
  toHex,
} from '@moe/core';
import { CalibrationStore, chunkPieces, loadCalibrationSet } from '@moe/history';
import { reconcilePending } from '@moe/ledger';
import { createMemoryNetwork } from '@moe/network';
import { embeddedParameters, type MarketParameters, rosterBytes } from '@moe/protocol';
import { clientOrders } from '../coordinator/client-orders.ts';
import { createCoordinator } from '../coordinator/coordinator.ts';
import { createSettler } from '../coordinator/settler.ts';
import { ledgerView } from '../market/ledger-view.ts';
import { addTotals, readStandings, writeStandings } from '../market/standings-file.ts';
import type { MarketService } from '../market-service.ts';
import { decodeRecord, type ReceiptRecord, rosterId } from '../receipts/receipt-record.ts';
import { ticketBook } from '../validator/ticket-book.ts';
import { validatorRole } from '../validator/validator-role.ts';
import { openApiKey } from './api-key.ts';
import { enrolValidator, openLedgerOf, prepayClient } from './bootstrap.ts';
import { publishNextChunk } from './calibrate.ts';
import { createExpertPool, type ExpertPool, type ExpertSpec } from './expert-pool.ts';
import { createJobFeed, summaryOf } from './job-feed.ts';
import { openKeyFile } from './key-file.ts';
import { openMarketPlaces } from './market-places.ts';
import { marketService } from './service.ts';

export interface EmbeddedMarketInit {
  readonly dataDir: string;
  /** Defines the market's space; its vectors fix the places the first time. */
  readonly founding: ExpertSpec;
  /** Names of the experts that open the market and so are not on probation, the founding one among them. */
  readonly founders: readonly string[];
  readonly countTokens: (text: string) => number;
  readonly version: string;
  readonly parameters?: Partial<MarketParameters>;
  readonly onWarning?: (message: string) => void;
}

/** A whole market in one process: ledger, one validator, experts, coordinator. Programs use its `service`. */
export interface EmbeddedMarket {
  readonly service: MarketService;
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
const ticketDepth = 14;
const ticketsKeptInReserve = 256;
const standingsEveryBatches = 20;

export async function openEmbeddedMarket(init: EmbeddedMarketInit): Promise<EmbeddedMarket> {
  const market = embeddedMarketId;
  const parameters: MarketParameters = { ...embeddedParameters, ...init.parameters };
  const onWarning = init.onWarning ?? (() => undefined);
  mkdirSync(init.dataDir, { recursive: true, mode: 0o700 });
  const keys = openKeyFile(join(init.dataDir, 'keys.json'));
  const embedded = await openLedgerOf(join(init.dataDir, 'ledger'), keys, market, parameters, onWarning);
  const { ledger, receipts } = embedded;
  try {
    const gatewayKeys = keys.get('gateway');
    const gateway = gatewayKeys.publicKey as NodeId;
    const validatorKeys = keys.get('validator');
    const newTickets = () =>
      ticketBook(validatorKeys, hashOf('moe/ticket-seed/1', toHex(systemRandom.bytes(32))), ticketDepth);
    let tickets = newTickets();
    await enrolValidator(embedded, keys, 'validator', tickets.root);
    const clientAccount = await prepayClient(embedded, keys, market, 'client', gateway, clientCredits);
    const houseAccount = await prepayClient(embedded, keys, market, 'house', gateway, houseCredits);
    const accounts = new Map([
      [clientAccount, keys.get('client')],
      [houseAccount, keys.get('house')],
    ]);

    const calibrationSet = loadCalibrationSet();
    const calibration = new CalibrationStore({ directory: join(init.dataDir, 'calibration') });
    const foundingNode = keys.get(`expert-${init.founding.name}`).publicKey;
    if (calibration.count(foundingNode) < chunkPieces)
      await publishNextChunk(
        foundingNode,
        init.founding.backend,
        calibrationSet.pieces,
        calibration,
        new AbortController().signal,
      );
    const places = openMarketPlaces(
      join(init.dataDir, 'places'),
      calibration,
      foundingNode,
      parameters.places,
    );

    const standingsPath = join(init.dataDir, 'standings.cbor');
    const start = await readStandings(standingsPath, ledger.market(market)!.nextBatch, receipts);
    let totals = start.totals;
    const network = createMemoryNetwork();
    const founders = init.founders.map((name) => keys.get(`expert-${name}`).publicKey as NodeId);
    const view = ledgerView({
      market,
      parameters,
      ledger,
      calibration,
      calibrationHash: calibrationSet.hash,
      places,
      founders: () => founders,
      isOnline: (node) => experts.isOnline(node),
      start,
    });
    const feed = createJobFeed();
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
    });
    validatorRole({ keys: validatorKeys })({
      transport: network.connect(validatorKeys.publicKey as NodeId),
      view,
      clock: systemClock,
      tickets: () => tickets,
    });
    const renewTickets = async (): Promise<void> => {
      if (tickets.left() > ticketsKeptInReserve) return;
      const next = newTickets();
      await enrolValidator(embedded, keys, 'validator', next.root);
      tickets = next;
      view.refresh();
    };

    const pending = (await reconcilePending(receipts, ledger, orderOf(market))).map(({ id, bytes }) => ({
      id,
      record: decodeRecord(bytes),
    }));
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
      ownerKeys: keys.get('market-owner'),
      transport,
      ledger,
      receipts,
      view,
      orders,
      clock: systemClock,
      onWarning,
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
        void renewTickets().catch((error: unknown) =>
          onWarning(`New tickets could not be registered: ${error}`),
        );
      },
    });
    const keptRosters = new Set<string>();
    const nameOf = (node: NodeId): string => ledger.expert(market, node)?.name ?? node.slice(0, 8);
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
        void receipts.put(rosterId(hash), rosterBytes(roster), { pending: false });
      },
      onRecord: (id, record) => publishRecord(feed, id, record, nameOf),
    });
    for (const order of pending) settler.add(order);
    coordinator.voidGaps(pending.map(({ record }) => record.effects));
    for (const { id, bytes } of (await receipts.recent(100)).toReversed())
      if (/^[0-9a-f]{64}$/.test(id)) feed.remember(summaryOf(id, decodeRecord(bytes), nameOf));

    await experts.add(init.founding);
    const { apiKey, authenticate } = openApiKey(init.dataDir, clientAccount);
    let closing: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      await experts.stopWork();
      await coordinator.close();
      await settler.close();
      writeStandings(standingsPath, { ...view.standings(), totals });
      await experts.close();
      await embedded.close();
    };
    return {
      apiKey,
      clientAccount,
      houseAccount,
      experts,
      service: marketService({
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
        nameOf,
      }),
      close: () => {
        closing ??= close();
        return closing;
      },
    };
  } catch (error) {
    await embedded.close();
    throw error;
  }
}

function orderOf(market: MarketId) {
  return (bytes: Uint8Array) => {
    const { client, clientSeq } = decodeRecord(bytes).effects;
    return { client, market, seq: clientSeq };
  };
}

function publishRecord(
  feed: ReturnType<typeof createJobFeed>,
  id: string,
  record: ReceiptRecord,
  nameOf: (node: NodeId) => string,
): void {
  const job = summaryOf(id, record, nameOf);
  const type =
    job.outcome === 'certified' ? 'job-certified' : job.outcome === 'routed' ? 'job-routed' : 'job-refunded';
  feed.publish({ type, job });
  for (const { node, amountMicro } of record.effects.slashes)
    feed.publish({
      type: 'expert-slashed',
      id: node,
      name: nameOf(node),
      reason: job.members.find((member) => member.id === node)?.slashed ?? 'unknown',
      amountMicro,
      receiptId: id,
    });
}
