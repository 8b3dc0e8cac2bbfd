import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type AccountId,
  fromHex,
  generateOwnerKey,
  type MarketId,
  MICRO_PER_CREDIT,
  type OwnerKey,
  ownerKeyFromPrivate,
} from '@market-of-experts/core';
import {
  type EmbeddedMarket,
  type EmbeddedMarketInit,
  embeddedMarketId,
  openEmbeddedMarket,
} from '@market-of-experts/host/embedded-market';
import type { ExpertSpec } from '@market-of-experts/host/house/expert-pool';
import { validatorSpecs } from '@market-of-experts/host/validators/validators';
import { temporaryDirectory } from '@market-of-experts/ledger/compliance/temporary-directory';
import { type ExpertBackend, referenceBackend } from '@market-of-experts/models';
import type { MarketParameters, MarketTerms } from '@market-of-experts/protocol';
import { editionReceiptParts } from '@market-of-experts/receipts/receipt-id';
import { verifyReceipt } from '@market-of-experts/receipts/verify-receipt';

export { temporaryDirectory };

/** Words and 4-grams in a given proportion: cheap encoders that differ, but understand one another. */
export function blend(name: string, shareOfWords: number): ExpertBackend {
  const words = referenceBackend('bag-of-words');
  const grams = referenceBackend('char-4-grams');
  return {
    name,
    dimensions: 384,
    async embed(texts, options) {
      const [a, b] = await Promise.all([words.embed(texts, options), grams.embed(texts, options)]);
      return a.map((vector, index) => {
        const mixed = vector.map(
          (value, axis) => shareOfWords * value + (1 - shareOfWords) * b[index]![axis]!,
        );
        const length = Math.hypot(...mixed) || 1;
        return mixed.map((value) => value / length);
      });
    },
    close: async () => {},
  };
}

export function expert(name: string, backend: ExpertBackend): ExpertSpec {
  return { name, description: `${name}, for tests`, backend };
}

/** The experts that open every test market. */
export const founders = [
  expert('words', blend('words', 0.8)),
  expert('mixed', blend('mixed', 0.5)),
  expert('grams', blend('grams', 0.2)),
] as const;

export async function openTestMarket(
  dataDir: string,
  {
    others = founders.slice(1),
    ...init
  }: Partial<EmbeddedMarketInit> & { readonly others?: readonly ExpertSpec[] } = {},
): Promise<EmbeddedMarket> {
  const market = await openEmbeddedMarket({
    dataDir,
    founding: founders[0],
    founders: founders.map(({ name }) => name),
    countTokens: (text) => text.split(' ').length,
    version: '0.0.0-test',
    ticketDepth: 8,
    validators: validatorSpecs(1),
    ...init,
    parameters: { auditBps: 0, ...init.parameters },
  });
  for (const each of others) await market.experts.add(each);
  return market;
}

type TestMarketInit = NonNullable<Parameters<typeof openTestMarket>[1]>;

/** A market that a test may close and open again in its directory. */
export interface ReopenedMarket {
  /** The one that runs. */
  readonly market: EmbeddedMarket;
  readonly dataDir: string;
  /** Of all that ran. */
  readonly warnings: readonly string[];
  /** Closes it and opens it again, with these changes to how it was opened first. */
  reopen(changes?: TestMarketInit): Promise<void>;
}

/** Opens a market in a directory of its own for one test, and leaves nothing behind. */
export async function withTestMarket(
  init: TestMarketInit,
  test: (opened: ReopenedMarket) => Promise<void>,
): Promise<void> {
  const directory = temporaryDirectory();
  const warnings: string[] = [];
  const open = (changes: TestMarketInit = {}) =>
    openTestMarket(directory.path, {
      onWarning: (message) => warnings.push(message),
      ...init,
      ...changes,
    });
  let market: EmbeddedMarket | undefined;
  try {
    market = await open();
    await test({
      get market() {
        return market!;
      },
      dataDir: directory.path,
      warnings,
      async reopen(changes) {
        await market?.close();
        market = undefined;
        market = await open(changes);
      },
    });
  } finally {
    await market?.close();
    directory.remove();
  }
}

const subjects = ['fox', 'ship', 'river', 'baker', 'engine', 'teacher', 'mountain', 'letter'];
/** A text that is long enough to compete for, another one for each number. */
export function longText(number: number): string {
  const subject = subjects[number % subjects.length]!;
  return `The old ${subject} number ${number} waits near the quiet harbour until evening comes, then it moves slowly past the market square and nobody in the town remembers where the ${subject} began.`;
}

/** Embeds one text for the client, by default with an exam on it, whose own receipt is `examId`. */
export async function embedOne(market: EmbeddedMarket, text: string, mode: 'shard' | 'auto' = 'shard') {
  const [answer] = await market.service.serve({
    account: market.clientAccount,
    market: embeddedMarketId,
    texts: [text],
    mode,
  });
  return { ...answer!, examId: editionReceiptParts(answer!.receiptId)!.receipts.at(-1)! };
}

/** Resolves when so many orders are settled, and no tally of the client's or the house's is open. */
export async function settled(market: EmbeddedMarket, orders: number): Promise<void> {
  const isDone = (): boolean => {
    const { jobs, pendingReceipts } = market.service.status();
    const { balance } = market.service;
    return (
      jobs.certified + jobs.routed + jobs.refunded >= orders &&
      pendingReceipts === 0 &&
      [market.clientAccount, market.houseAccount].every((account) => balance(account).reservedMicro === 0n)
    );
  };
  while (!isDone()) await delay(10);
}

type Receipt = Record<string, unknown>;

/** The receipt as anybody reads it, or as the viewer does. */
export async function receiptOf(market: EmbeddedMarket, id: string, viewer?: AccountId): Promise<Receipt> {
  return JSON.parse(JSON.stringify(await market.service.receipt(id, viewer))) as Receipt;
}

export async function failedChecks(market: EmbeddedMarket, receipt: Receipt): Promise<string[]> {
  const { checks } = await verifyReceipt(receipt, async (hash) => {
    const bytes = await market.service.blob(hash as never);
    if (bytes === undefined) throw new Error(`There is no blob ${hash}.`);
    return bytes;
  });
  return checks.filter(({ ok }) => !ok).map(({ name }) => name);
}

/** A key of the house: `treasury` holds its money. */
export function ownerKeyOf(dataDir: string, name: string): OwnerKey {
  const { owners } = JSON.parse(readFileSync(join(dataDir, 'keys.json'), 'utf8')) as {
    owners: Record<string, string>;
  };
  return ownerKeyFromPrivate(fromHex(owners[name]!));
}

/** An account with credits of the house's treasury to spend, as anybody has who bought some. */
export async function fundedOwner(
  market: EmbeddedMarket,
  dataDir: string,
  credits: number,
): Promise<OwnerKey> {
  const owner = generateOwnerKey();
  await market.ledger.transact(ownerKeyOf(dataDir, 'treasury'), {
    kind: 'transfer',
    to: owner.address,
    amountMicro: BigInt(credits) * MICRO_PER_CREDIT + market.ledger.settings().rules.minBalanceMicro,
  });
  return owner;
}

/** Opens a market on the ledger, on the terms of the first with other numbers. */
export async function createForeignMarket(
  market: EmbeddedMarket,
  owner: OwnerKey,
  id: MarketId,
  changes: Partial<Omit<MarketTerms, 'parameters'>> & {
    readonly parameters?: Partial<MarketParameters>;
  } = {},
): Promise<void> {
  const { terms } = market.ledger.market(embeddedMarketId)!;
  await market.ledger.transact(owner, {
    kind: 'createMarket',
    market: id,
    terms: {
      ...terms,
      title: `The market "${id}"`,
      ...changes,
      parameters: { ...terms.parameters, ...changes.parameters },
    },
  });
  await market.marketsSettled();
}

/** The same of a market that the operator has told the house to join; waits until it is served or left out. */
export async function createMarket(
  market: EmbeddedMarket,
  owner: OwnerKey,
  id: MarketId,
  changes: Parameters<typeof createForeignMarket>[3] = {},
): Promise<void> {
  await market.chooseMarket(id, true);
  await createForeignMarket(market, owner, id, changes);
}
