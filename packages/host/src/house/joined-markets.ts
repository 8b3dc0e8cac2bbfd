import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type Amount, type MarketId, MoeError, marketIdSchema } from '@market-of-experts/core';
import { readSealedJson, writeSealedJson } from '@market-of-experts/core/files';
import { defaultJoiningBudgetMicro } from '@market-of-experts/protocol';
import { z } from 'zod';
import { openHouseSpending, type SpendingPurpose } from './house-spending.ts';

/** What the operator lets the house do in markets of others. */
export interface JoiningChoice {
  /** Markets that the house's experts join. */
  readonly markets: readonly MarketId[];
  /** What all of them together may have of the treasury: stakes, deposits, and what was lost of either. */
  readonly budgetMicro: Amount;
}

export const joiningPurpose: SpendingPurpose = {
  file: 'joining-budget.json',
  purpose: 'stakes and deposits in markets of others',
  remedy: 'Raise it: moe expert join MARKET --budget CREDITS.',
};
const maxMarkets = 64;

const schema = z.strictObject({
  markets: z.array(marketIdSchema).max(maxMarkets),
  budgetMicro: z
    .string()
    .regex(/^\d{1,18}$/)
    .transform((text) => BigInt(text)),
});

/** File in the data directory that only its operator writes, while the market runs or not: no address on the network changes it. */
function joinedMarketsFile(dataDir: string): string {
  return join(dataDir, 'joined-markets.json');
}

/** Nothing is joined where nobody has chosen. Throws `choice-unreadable`. */
export function readJoiningChoice(dataDir: string): JoiningChoice {
  const path = joinedMarketsFile(dataDir);
  const damaged = (cause: MoeError): MoeError =>
    new MoeError(
      'choice-unreadable',
      `${path}, which says what markets of others the house joins, is damaged. Delete it, and choose again with \`moe expert join MARKET\`.`,
      { cause },
    );
  return readSealedJson(path, schema, damaged) ?? { markets: [], budgetMicro: defaultJoiningBudgetMicro };
}

/** What the markets of others have had of the treasury and not given back. */
export function joiningSpentMicro(dataDir: string): Amount {
  return openHouseSpending(dataDir, joiningPurpose).spentMicro();
}

/** Adds a market to the choice, takes one out, or sets the budget. */
export function changeJoiningChoice(
  dataDir: string,
  change: (choice: JoiningChoice) => Partial<JoiningChoice>,
): JoiningChoice {
  const before = readJoiningChoice(dataDir);
  const after = { ...before, ...change(before) };
  const markets = [...new Set(after.markets)];
  if (markets.length > maxMarkets)
    throw new MoeError('limit-reached', `The house can join ${maxMarkets} markets of others at most.`);
  writeSealedJson(joinedMarketsFile(dataDir), { markets, budgetMicro: String(after.budgetMicro) });
  return { ...after, markets };
}

const lookEveryMs = 1_000;

/** Tells when the choice has changed. Returns what ends that. */
export function watchJoiningChoice(dataDir: string, onChange: () => void): () => void {
  const path = joinedMarketsFile(dataDir);
  const stateOf = (): string => {
    const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
    return stats === undefined ? '' : `${stats.mtimeNs}/${stats.ino}`;
  };
  let before = stateOf();
  const timer = setInterval(() => {
    const now = stateOf();
    if (now !== before) onChange();
    before = now;
  }, lookEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}
