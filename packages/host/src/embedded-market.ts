import { join } from 'node:path';
import type { MarketService } from '@market-of-experts/api/market-service';
import {
  type AccountId,
  type MarketId,
  madeOnce,
  type NodeId,
  systemClock,
  systemRandom,
} from '@market-of-experts/core';
import { loadReserveTexts } from '@market-of-experts/history';
import { type Ledger, lockDirectory } from '@market-of-experts/ledger';
import type { ExpertBackend } from '@market-of-experts/models';
import { createMemoryNetwork } from '@market-of-experts/network';
import type { EditionPart } from '@market-of-experts/protocol';
import { epochKeeper } from '@market-of-experts/roles/coordinator/epoch-keeper';
import { jobSlots } from '@market-of-experts/roles/coordinator/slots';
import { rollCaller } from '@market-of-experts/roles/settlement/roll-caller';
import { type DataDirectoryInit, openDataDirectory } from './data-directory.ts';
import { createJobFeed } from './events/job-feed.ts';
import { createExpertPool, type ExpertPool, type ExpertSpec, modelVersionOf } from './house/expert-pool.ts';
import { openHouseSpending } from './house/house-spending.ts';
import { changeJoiningChoice, joiningPurpose, watchJoiningChoice } from './house/joined-markets.ts';
import { clientNames } from './house/prepaid.ts';
import {
  type PrepaidTerms,
  prepaidKeeper,
  prepaidPurpose,
  usualPrepaidTerms,
} from './house/prepaid-keeper.ts';
import { mostPlaces } from './house/served-terms.ts';
import { baseEncoder } from './house/task-skills.ts';
import { openTextKeys, textKeysFile } from './house/text-keys.ts';
import { type Closers, closersOf } from './market/closers.ts';
import { type MarketHost, openMarketHost } from './market/market-host.ts';
import { beginningsOf, pointsOf } from './market/market-places.ts';
import type { ProcessParts } from './market/process-parts.ts';
import { openHouseReserve } from './reserve/reserve.ts';
import { marketService } from './service/service.ts';
import { openValidators, validatorSpecs } from './validators/validators.ts';
import type { ValidatorSpec } from './validators/witness.ts';

export interface EmbeddedMarketInit extends DataDirectoryInit {
  /** Names of the experts that open the market and so are not on probation, the founding one among them. */
  readonly founders: readonly string[];
  /** Says where texts lie: its vectors are of unit length. Default: the founding expert's model. */
  readonly base?: () => Promise<ExpertBackend>;
  /** Texts that fill exams up once the operator's own are used; default those that are shipped. */
  readonly reserveTexts?: readonly string[];
  readonly countTokens: (text: string) => number;
  readonly version: string;
  /** Of which a new market's edition is made; default the founding expert alone. */
  readonly parts?: readonly PartSpec[];
  /** Makes another edition where these are not the parts of the one in force; default false. */
  readonly isEditionRenewed?: boolean;
  /** No edition is chosen by exams: that in force stays; default false. */
  readonly isEditionHeld?: boolean;
  /** How long an edition is in force at least before exams choose another; default a week. */
  readonly leastEditionAgeMs?: number;
  /** What the account of the API key has prepaid; default 1,000 credits, topped up below 250, from 100,000 in all. */
  readonly prepaid?: Partial<PrepaidTerms>;
  /** Validators to run; default three, so that two can outvote one. */
  readonly validators?: readonly ValidatorSpec[];
  /** Pairs of texts an hour that the house audits experts with, examined and then served days apart; default 2, 0 for none. */
  readonly auditsPerHour?: number;
  /** A validator's ticket list has `2^ticketDepth` tickets; default 14. */
  readonly ticketDepth?: number;
  /** How long decided orders are collected before they are settled together; default 300 ms. */
  readonly settleEveryMs?: number;
  /** The clock is right, though the ledger's time is far from it: epochs go on from the clock's time. */
  readonly acceptClock?: boolean;
}

/** An expert as a part of an edition, by its name. */
export type PartSpec = Omit<EditionPart, 'node'> & Pick<ExpertSpec, 'name'>;

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
  /** The house has experts examined on texts, in the first market. */
  examine(texts: readonly string[], signal?: AbortSignal): Promise<void>;
  /** Lets the house's experts join a market of others, or leave it. Kept in the data directory. */
  chooseMarket(market: MarketId, isJoined: boolean): Promise<void>;
  /** Resolves when every market of the ledger is opened here, or closed, as the ledger says. */
  marketsSettled(): Promise<void>;
  /** Finishes what is open, settles it, and closes the ledger. Safe to call twice. */
  close(): Promise<void>;
}

export { foundedMarketId as embeddedMarketId } from './genesis/genesis-terms.ts';

/** A full weight. */
const wholeWeightSteps = 2;

/** An expert with a full weight. */
export function partOf(spec: ExpertSpec): PartSpec {
  return {
    name: spec.name,
    modelVersion: modelVersionOf(spec),
    dimensions: spec.backend.dimensions,
    weightSteps: wholeWeightSteps,
  };
}

const defaultTicketDepth = 14;
const defaultEditionAgeMs = 7 * 86_400_000;
const defaultValidators = 3;

/**
 * Opens the markets of a data directory, or founds the first. Throws `data-directory-in-use`, `data-directory-unusable`,
 * `data-directory-outdated`, `file-damaged`, `other-format`,
 * `guard-older-copy`, `guard-in-use`, `guard-anchor-unusable`, `keys-unreadable`, `keys-missing`, `api-key-unreadable`, `market-closed`, and what the ledger throws.
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
  const opened = await openDataDirectory({ ...init, clock, onWarning, signal: startSignal }, closers);
  const { keys, founding, embedded, space, firstMarket, signerOf } = opened;
  const { clientAccount, houseAccount } = opened;
  const { ledger } = embedded;
  const gatewayKeys = keys.node('gateway');
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

  const base = baseEncoder(init.base === undefined ? founding.backend : await init.base());
  const house = init.reserveTexts ?? loadReserveTexts();
  const reserve = openHouseReserve({
    dataDir,
    house,
    encoder: base,
    clock,
    onWarning,
  });
  closers.add(() => reserve.close());

  const feed = createJobFeed(onWarning);
  const experts = createExpertPool({
    keys,
    network,
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
      textKeys: openTextKeys(join(dataDir, textKeysFile)),
      account: houseAccount,
      ownAccounts: opened.ownAccounts,
      keyOf: opened.keyOf,
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
      countTokens: init.countTokens,
      settleEveryMs: init.settleEveryMs,
    },
    space: {
      ...space,
      pointsOfTexts: madeOnce(() =>
        pointsOf(base.positions, beginningsOf(house.slice(0, mostPlaces)), startSignal),
      ),
      founders: init.founders.map((name) => keys.node(`expert-${name}`).publicKey as NodeId),
    },
    edition: {
      parts: (init.parts ?? [partOf(founding)]).map(({ name, ...part }) => ({
        ...part,
        node: keys.node(`expert-${name}`).publicKey as NodeId,
      })),
      isRenewed: init.isEditionRenewed ?? false,
      isHeld: init.isEditionHeld ?? false,
      leastAgeMs: init.leastEditionAgeMs ?? defaultEditionAgeMs,
    },
    base,
    auditsPerHour: init.auditsPerHour,
    reserve,
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
    feed,
    authenticate: opened.authenticate,
    clientAccount,
    notices: () => [
      ...prepaid.notices(),
      ...reserve.notices(),
      ...host.open().flatMap((runtime) => runtime.notices()),
    ],
  });
  closers.add(() => Promise.all([closeService(), experts.stopWork()]));
  return {
    apiKey: opened.apiKey,
    clientAccount,
    houseAccount,
    ledger,
    experts,
    service,
    firstMarket,
    examine: (texts, signal) => host.serving(firstMarket).requests.examine(texts, signal),
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
