import { MoeError } from './errors.ts';

/** Money: whole micro-credits. 1 credit = 1,000,000 micro-credits (the scale of USDC). */
export type Amount = bigint;

export const MICRO_PER_CREDIT: Amount = 1_000_000n;
/** Largest amount that any field may hold: it fits a signed 64-bit integer with room to add. */
export const MAX_AMOUNT: Amount = 2n ** 62n;
/** Basis points in a whole: 10,000. */
export const BPS = 10_000n;

/** Parses a decimal number of credits, e.g. `"1.25"`, exactly. Throws `invalid-amount`. */
export function parseCredits(text: string): Amount {
  const match = /^(\d{1,12})(?:\.(\d{1,6}))?$/.exec(text.trim());
  if (match === null)
    throw new MoeError(
      'invalid-amount',
      `"${text.slice(0, 40)}" is not an amount of credits. Write a number with at most six decimals, like 1.25.`,
    );
  return BigInt(match[1]!) * MICRO_PER_CREDIT + BigInt((match[2] ?? '').padEnd(6, '0'));
}

/** Formats micro-credits as credits, without trailing zeros: `1250000n` is `"1.25"`. */
export function formatCredits(amount: Amount): string {
  const sign = amount < 0n ? '-' : '';
  const micro = amount < 0n ? -amount : amount;
  const fraction = (micro % MICRO_PER_CREDIT).toString().padStart(6, '0').replace(/0+$/, '');
  return `${sign}${micro / MICRO_PER_CREDIT}${fraction === '' ? '' : `.${fraction}`}`;
}

/** `amount × bps / 10,000`, rounded down. */
export function shareBps(amount: Amount, bps: number): Amount {
  return (amount * BigInt(bps)) / BPS;
}
