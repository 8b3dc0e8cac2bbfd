import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AccountId,
  type Amount,
  type Clock,
  hashOf,
  type MarketId,
  type OwnerKey,
  systemRandom,
} from '@market-of-experts/core';
import type { EmbeddedLedger } from '@market-of-experts/ledger';
import { memoryGuard } from '@market-of-experts/ledger/guard';
import { embeddedParameters, type MarketParameters } from '@market-of-experts/protocol';
import { guardedSigner, type SignerOf } from '@market-of-experts/roles/signing/guarded-signer';
import { openApiKey } from './directory/api-key.ts';
import { markDataFormat } from './directory/data-format.ts';
import { guardOf } from './directory/guard-of.ts';
import { type KeyFile, openKeyFile } from './directory/key-file.ts';
import { founderKeyNames, openLedgerOf } from './genesis/bootstrap.ts';
import { foundedMarketId } from './genesis/genesis-terms.ts';
import { chooseFirstMarket } from './house/choose-first-market.ts';
import { type ExpertSpec, modelVersionOf } from './house/expert-pool.ts';
import { changeJoiningChoice } from './house/joined-markets.ts';
import { clientNames } from './house/prepaid.ts';
import type { Space } from './house/served-terms.ts';
import type { Closers } from './market/closers.ts';

export interface DataDirectoryInit {
  readonly dataDir: string;
  /** Where it is noted, outside the data directory, how much its keys have signed; default that of XDG. */
  readonly stateDir?: string;
  /** Goes on with a data directory that is an older copy: its nodes may contradict what they have signed. */
  readonly acceptsOlderCopy?: boolean;
  /**
   * Its model is the base encoder, too: it says where texts lie. A function is called once the data directory is this process's
   * alone.
   */
  readonly founding: ExpertSpec | (() => Promise<ExpertSpec>);
  /** Of the first market of a new network, where they are not the usual ones. */
  readonly parameters?: Partial<MarketParameters>;
  /** Markets of others that the house's experts join from now on, besides those chosen before. */
  readonly joinMarkets?: readonly MarketId[];
  /** What the house may put into all markets of others together; default as chosen before, or 1,000 credits. */
  readonly joinBudgetMicro?: Amount;
  /** Length of an epoch of a new network; default a minute. */
  readonly epochMs?: number;
  /** Gives up the start. */
  readonly signal?: AbortSignal;
  /** Default the system's. */
  readonly clock?: Clock;
  readonly onWarning?: (message: string) => void;
}

/** A data directory that this process has for itself: whose it is, and what its ledger says. */
export interface DataDirectory extends ReturnType<typeof openApiKey> {
  readonly keys: KeyFile;
  /** Of the API key. */
  readonly clientAccount: AccountId;
  readonly houseAccount: AccountId;
  /** Accounts of the house: what they own is its own. */
  readonly ownAccounts: ReadonlySet<AccountId>;
  /** The key of one of them. */
  readonly keyOf: (account: AccountId) => OwnerKey | undefined;
  readonly founding: ExpertSpec;
  readonly space: Space;
  readonly embedded: EmbeddedLedger;
  readonly firstMarket: MarketId;
  /** Behind one signing guard for all keys. */
  readonly signerOf: SignerOf;
}

const defaultEpochMs = 60_000;

/** Opens, or founds, what the directory holds; the closers close it. Throws as `openEmbeddedMarket`. */
export async function openDataDirectory(
  init: DataDirectoryInit & Required<Pick<DataDirectoryInit, 'clock' | 'signal' | 'onWarning'>>,
  closers: Closers,
): Promise<DataDirectory> {
  const { dataDir, clock, signal, onWarning } = init;
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
  signal.throwIfAborted();
  const space = spaceOf(founding);
  const embedded = await openLedgerOf(
    ledgerDirectory,
    keys,
    foundedMarketId,
    {
      parameters: { ...embeddedParameters, ...init.parameters },
      baseEncoder: space.baseEncoder,
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
  const ownKeys = founderKeyNames.owners.map((name) => keys.owner(name));
  const ownAccounts = new Set(ownKeys.map(({ address }) => address));
  const firstMarket = chooseFirstMarket(dataDir, ledger, ownAccounts, space);

  const guard = await guardOf({
    dataDir,
    stateDir: init.stateDir,
    gatewayKeys: keys.node('gateway'),
    ledger,
    clock,
    acceptsOlderCopy: init.acceptsOlderCopy ?? false,
  });
  closers.add(() => guard.close());
  // All roles live in this process: what an order number stands for dies with all who could have worked or been paid for it.
  const orders = memoryGuard(clock.nowMs);
  const signerOf: SignerOf = (of) => guardedSigner(of, guard, systemRandom, orders);
  return {
    keys,
    clientAccount,
    houseAccount,
    ownAccounts,
    keyOf: (account) => ownKeys.find(({ address }) => address === account),
    apiKey,
    authenticate,
    founding,
    space,
    embedded,
    firstMarket,
    signerOf,
  };
}

/** The founding expert's own space. */
function spaceOf(founding: ExpertSpec): Space {
  const { dimensions } = founding.backend;
  return { dimensions, baseEncoder: hashOf('moe/base-encoder/1', [modelVersionOf(founding), dimensions]) };
}
