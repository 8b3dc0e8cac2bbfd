import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { MarketService } from '@market-of-experts/api/market-service';
import {
  type AccountId,
  type Amount,
  type Clock,
  type MarketId,
  type NodeId,
  systemClock,
  systemRandom,
} from '@market-of-experts/core';
import { CalibrationStore, loadCalibrationSet } from '@market-of-experts/history';
import { type Ledger, lockDirectory } from '@market-of-experts/ledger';
import { memoryGuard } from '@market-of-experts/ledger/guard';
import type { ExpertBackend } from '@market-of-experts/models';
import { createMemoryNetwork } from '@market-of-experts/network';
import { chunkPieces, embeddedParameters, type MarketParameters } from '@market-of-experts/protocol';
import { epochKeeper } from '@market-of-experts/roles/coordinator/epoch-keeper';
import { jobSlots } from '@market-of-experts/roles/coordinator/slots';
import { rollCaller } from '@market-of-experts/roles/settlement/roll-caller';
import { guardedSigner, type SignerOf } from '@market-of-experts/roles/signing/guarded-signer';
import { openApiKey } from './directory/api-key.ts';
import { markDataFormat } from './directory/data-format.ts';
import { guardOf } from './directory/guard-of.ts';
import { openKeyFile } from './directory/key-file.ts';
import { createJobFeed } from './events/job-feed.ts';
import { founderKeyNames, openLedgerOf } from './genesis/bootstrap.ts';
import { publishNextChunk } from './genesis/calibrate.ts';
import { foundedMarketId } from './genesis/genesis-terms.ts';
import { chooseFirstMarket } from './house/choose-first-market.ts';
import { createExpertPool, type ExpertPool, type ExpertSpec } from './house/expert-pool.ts';
import { openHouseSpending } from './house/house-spending.ts';
import { changeJoiningChoice, joiningPurpose, watchJoiningChoice } from './house/joined-markets.ts';
import { clientNames } from './house/prepaid.ts';
import {
  type PrepaidTerms,
  prepaidKeeper,
  prepaidPurpose,
  usualPrepaidTerms,
} from './house/prepaid-keeper.ts';
import type { Space } from './house/served-terms.ts';
import { type Closers, closersOf } from './market/closers.ts';
import { type MarketHost, openMarketHost } from './market/market-host.ts';
import type { ProcessParts } from './market/process-parts.ts';
import { marketService } from './service/service.ts';
import { openValidators, validatorSpecs } from './validators/validators.ts';
import type { ValidatorSpec } from './validators/witness.ts';

export interface EmbeddedMarketInit {
  readonly dataDir: string;
  /** Where it is noted, outside the data directory, how much its keys have signed; default that of XDG. */
  readonly stateDir?: string;
  /** Goes on with a data directory that is an older copy: its nodes may contradict what they have signed. */
  readonly acceptsOlderCopy?: boolean;
  /**
   * Defines the markets' space; its vectors fix the places the first time. A function is called once the data
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
  /** Markets of others that the house's experts join from now on, besides those chosen before. */
  readonly joinMarkets?: readonly MarketId[];
  /** What the house may put into all markets of others together; default as chosen before, or 1,000 credits. */
  readonly joinBudgetMicro?: Amount;
  /** What the account of the API key has prepaid; default 1,000 credits, topped up below 250, from 100,000 in all. */
  readonly prepaid?: Partial<PrepaidTerms>;
  /** Gives up the start. */
  readonly signal?: AbortSignal;
  /** Validators to run; default three, so that two can outvote one. */
  readonly validators?: readonly ValidatorSpec[];
  /** Default the system's. */
  readonly clock?: Clock;
  /** Length of an epoch of a new network; default a minute. */
  readonly epochMs?: number;
  /** A validator's ticket list has `2^ticketDepth` tickets; default 14. */
  readonly ticketDepth?: number;
  /** How long decided orders are collected before they are settled together; default 300 ms. */
  readonly settleEveryMs?: number;
  /** The clock is right, though the ledger's time is far from it: epochs go on from the clock's time. */
  readonly acceptClock?: boolean;
}

/** Whole markets in one process: ledger, validators, experts, coordinators. Programs use its `service`. */
export interface EmbeddedMarket {
  readonly service: MarketService;
  readonly ledger: Ledger;
  readonly experts: ExpertPool;
  /** Key of the prepaid account that every new data directory has. */
  readonly apiKey: string;
  readonly clientAccount: AccountId;
  /** The market that programs get that name none. */
  readonly firstMarket: MarketId;
  /** The operator's own account, which buys house jobs. */
  readonly houseAccount: AccountId;
  /** Lets the house's experts join a market of others, or leave it. Kept in the data directory. */
  chooseMarket(market: MarketId, isJoined: boolean): Promise<void>;
  /** Resolves when every market of the ledger is opened here, or closed, as the ledger says. */
  marketsSettled(): Promise<void>;
  /** Finishes what is open, settles it, and closes the ledger. Safe to call twice. */
  close(): Promise<void>;
}

export { foundedMarketId as embeddedMarketId } from './genesis/genesis-terms.ts';

const defaultTicketDepth = 14;
const defaultEpochMs = 60_000;
const defaultValidators = 3;

/**
 * Opens the markets of a data directory, or founds the first. Throws `data-directory-in-use`, `data-directory-unusable`,
 * `data-directory-outdated`, `file-damaged`, `other-format`,
 * `guard-older-copy`, `guard-in-use`, `guard-anchor-unusable`, `keys-unreadable`, `keys-missing`, `api-key-unreadable`, `calibration-corrupt`, `market-closed`, and what the ledger throws.
 */
export async function openEmbeddedMarket(init: EmbeddedMarketInit): Promise<EmbeddedMarket> {
  const lock = lockDirectory(init.dataDir);
  const closers = closersOf(async () => lock.release());
  try {
    return await openLockedMarkets(init, closers);
  } catch (error) {
    await closers.close().catch(() => undefined);
    throw error;
  }
}

async function openLockedMarkets(init: EmbeddedMarketInit, closers: Closers): Promise<EmbeddedMarket> {
  const { dataDir, clock = systemClock } = init;
  const onWarning = init.onWarning ?? (() => undefined);
  const startSignal = init.signal ?? new AbortController().signal;
  const ledgerDirectory = join(dataDir, 'ledger');
  markDataFormat(dataDir);
  // Keys, and the beginnings of clients' texts, lie in it.
  chmodSync(dataDir, 0o700);
  const keys = openKeyFile({
    path: join(dataDir, 'keys.json'),
    names: founderKeyNames,
    hasLedger: existsSync(ledgerDirectory),
  });
  const [clientAccount, houseAccount] = clientNames.map((name) => keys.owner(name).address) as [
    AccountId,
    AccountId,
  ];
  const { apiKey, authenticate } = openApiKey(dataDir, clientAccount);
  const founding = typeof init.founding === 'function' ? await init.founding() : init.founding;
  startSignal.throwIfAborted();
  const calibrationSet = loadCalibrationSet();
  const embedded = await openLedgerOf(
    ledgerDirectory,
    keys,
    foundedMarketId,
    {
      parameters: { ...embeddedParameters, ...init.parameters },
      anchors: calibrationSet.hash,
      nowMs: clock.nowMs(),
      epochMs: init.epochMs ?? defaultEpochMs,
    },
    onWarning,
  );
  closers.add(() => embedded.close());
  const { ledger } = embedded;
  const { joinMarkets = [], joinBudgetMicro: budgetMicro } = init;
  if (joinMarkets.length > 0 || budgetMicro !== undefined)
    changeJoiningChoice(dataDir, ({ markets }) => ({
      markets: [...markets, ...joinMarkets],
      ...(budgetMicro === undefined ? {} : { budgetMicro }),
    }));
  const ownAccounts = new Set(founderKeyNames.owners.map((name) => keys.owner(name).address));
  const space: Space = { dimensions: founding.backend.dimensions, anchors: calibrationSet.hash };
  const firstMarket = chooseFirstMarket(dataDir, ledger, ownAccounts, space);

  const gatewayKeys = keys.node('gateway');
  const guard = await guardOf({
    dataDir,
    stateDir: init.stateDir,
    gatewayKeys,
    ledger,
    clock,
    acceptsOlderCopy: init.acceptsOlderCopy ?? false,
  });
  closers.add(() => guard.close());
  // All roles live in this process: what an order number stands for dies with all who could have worked or been paid for it.
  const orders = memoryGuard(clock.nowMs);
  const signerOf: SignerOf = (of) => guardedSigner(of, guard, systemRandom, orders);
  const network = createMemoryNetwork();
  const validators = await openValidators({
    specs: init.validators ?? validatorSpecs(defaultValidators),
    keys,
    signerOf,
    embedded,
    network,
    clock,
    random: systemRandom,
    ticketDepth: init.ticketDepth ?? defaultTicketDepth,
    onWarning,
  });
  closers.add(() => validators.close());
  const treasury = keys.owner('treasury');
  const roll = rollCaller({ ledger, keys: treasury, clock, onWarning });
  closers.add(() => roll.close());
  const calibration = new CalibrationStore({
    directory: join(dataDir, 'calibration'),
    dimensions: space.dimensions,
  });
  const foundingNode = keys.node(`expert-${founding.name}`).publicKey as NodeId;
  if (calibration.count(foundingNode) < chunkPieces)
    await publishNextChunk(foundingNode, founding.backend, calibrationSet.pieces, calibration, startSignal);
  startSignal.throwIfAborted();

  const feed = createJobFeed(onWarning);
  const experts = createExpertPool({
    keys,
    network,
    calibration,
    pieces: calibrationSet.pieces,
    dimensions: space.dimensions,
    feed,
    markets: () => [host.first, ...host.open().filter((runtime) => runtime !== host.first)],
    onWarning,
  });
  closers.add(() => experts.close());
  const transport = network.connect(gatewayKeys.publicKey as NodeId);
  const parts: ProcessParts = {
    dataDir,
    embedded,
    house: {
      keys,
      signerOf,
      account: houseAccount,
      ownAccounts,
      spending: openHouseSpending(dataDir, joiningPurpose),
    },
    gateway: {
      keys: gatewayKeys,
      transport,
      clients: {
        accounts: new Map(clientNames.map((name) => [keys.owner(name).address, keys.owner(name)])),
        gateway: gatewayKeys,
      },
      prepaid: { ...usualPrepaidTerms, ...init.prepaid },
      slots: jobSlots(),
      router: init.router,
      countTokens: init.countTokens,
      settleEveryMs: init.settleEveryMs,
    },
    space: {
      ...space,
      calibration,
      foundingNode,
      founders: init.founders.map((name) => keys.node(`expert-${name}`).publicKey as NodeId),
    },
    validators,
    rollCaller: roll,
    feed,
    clock,
    random: systemRandom,
    onWarning,
  };
  const host: MarketHost = await openMarketHost(parts, experts, firstMarket);
  closers.add(() => host.close());
  const unwatch = watchJoiningChoice(dataDir, () => host.look());
  closers.add(async () => unwatch());
  const prepaid = prepaidKeeper(
    { embedded, keys, clients: parts.gateway.clients, prepaid: parts.gateway.prepaid, onWarning },
    clientAccount,
    openHouseSpending(dataDir, prepaidPurpose),
    () => host.open().map(({ market }) => market),
  );
  closers.add(() => prepaid.close());
  startSignal.throwIfAborted();
  await experts.add(founding);
  const keeper = epochKeeper({
    ledger,
    transport,
    keys: treasury,
    rollCaller: roll,
    clock,
    acceptClock: init.acceptClock ?? false,
    onWarning,
  });
  closers.add(() => keeper.close());
  const { service, close: closeService } = marketService({
    version: init.version,
    ledger,
    host,
    experts,
    calibration,
    calibrationTarget: calibrationSet.pieces.length,
    feed,
    authenticate,
    clientAccount,
    notices: () => prepaid.notices(),
  });
  closers.add(() => Promise.all([closeService(), experts.stopWork()]));
  return {
    apiKey,
    clientAccount,
    houseAccount,
    ledger,
    experts,
    service,
    firstMarket,
    async chooseMarket(market, isJoined) {
      changeJoiningChoice(dataDir, ({ markets }) => ({
        markets: isJoined ? [...markets, market] : markets.filter((each) => each !== market),
      }));
      host.look();
      await host.settled();
    },
    marketsSettled: () => host.settled(),
    close: closers.close,
  };
}
