import {
  type AccountId,
  type Amount,
  type MarketId,
  marketIdSchema,
  parseAccount,
  parseCredits,
} from '@market-of-experts/core';
import { usageError } from '../terminal/exit-codes.ts';
import { printable } from '../terminal/text.ts';
import { chooseOwner, type KeyOptions } from '../wallet/choose-key.ts';

/** An amount of credits, more than none. */
export function readAmount(text: string): Amount {
  const amount = parseCredits(text);
  if (amount === 0n) throw usageError('An amount must be more than 0 credits.');
  return amount;
}

/** `10`, `12.5` or `12.5%` as basis points. */
export function readPercent(text: string, what: string): number {
  const match = /^(\d{1,3})(?:\.(\d{1,2}))? ?%?$/.exec(text.trim());
  const bps = match === null ? Number.NaN : Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
  if (!(bps <= 10_000))
    throw usageError(
      `${what} is a percentage from 0 to 100 with two decimals at most, like 12.5, not "${printable(text)}".`,
    );
  return bps;
}

export function readMarket(text: string): MarketId {
  const result = marketIdSchema.safeParse(text);
  if (!result.success)
    throw usageError(
      `"${printable(text).slice(0, 70)}" is no name of a market: they have 2 to 63 small letters, digits and hyphens. \`moe market list\` shows them.`,
    );
  return result.data;
}

/** An address, or the name of a wallet or of an account of the house. */
export function readAccount(text: string, options: KeyOptions): AccountId {
  if (/^[0-9a-f]{64}$/.test(text))
    throw usageError(
      `${text.slice(0, 16)}… is the id of a node, which holds no money. Name its owner's account.`,
    );
  return /^0x/i.test(text) ? parseAccount(text) : chooseOwner(text, options).account;
}
