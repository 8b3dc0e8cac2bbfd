import { join } from 'node:path';
import { type Amount, formatCredits, type MarketId, MoeError } from '@market-of-experts/core';
import { readSealedJson, writeSealedJson } from '@market-of-experts/core/files';
import { z } from 'zod';

/**
 * What the treasury has given for one purpose and not got back, by market and name. Written before money moves: a process
 * that dies in between counts too much, never too little.
 */
export interface HouseSpending {
  /** Notes that a name gets so much in a market. Throws `budget-spent` when all together would have more than `mostMicro`. */
  take(market: MarketId, name: string, amountMicro: Amount, mostMicro: Amount): void;
  /** Notes that so much of it has come back to the treasury. */
  giveBack(market: MarketId, name: string, amountMicro: Amount): void;
  /** Whoever has ever had something. */
  entries(): readonly { readonly market: MarketId; readonly name: string; readonly micro: Amount }[];
  spentMicro(): Amount;
}

export interface SpendingPurpose {
  /** File in the data directory. */
  readonly file: string;
  /** What the money is for, and how to allow more of it. */
  readonly purpose: string;
  readonly remedy: string;
}

const schema = z.strictObject({
  spent: z.record(
    z.string().max(256),
    z
      .string()
      .regex(/^\d{1,18}$/)
      .transform((text) => BigInt(text)),
  ),
});

/** Throws `budget-unreadable`: the file says what may still be spent, so it is never begun anew silently. */
export function openHouseSpending(
  dataDir: string,
  { file, purpose, remedy }: SpendingPurpose,
): HouseSpending {
  const path = join(dataDir, file);
  const spent = new Map(Object.entries(read(path, purpose)));
  const save = (): void => {
    writeSealedJson(path, {
      spent: Object.fromEntries([...spent].map(([key, micro]) => [key, String(micro)])),
    });
  };
  const spentMicro = (): Amount => [...spent.values()].reduce((sum, micro) => sum + micro, 0n);
  return {
    spentMicro,
    take(market, name, amountMicro, mostMicro) {
      const leftMicro = mostMicro - spentMicro();
      if (amountMicro > leftMicro)
        throw new MoeError(
          'budget-spent',
          `It takes ${formatCredits(amountMicro)} credits, and ${formatCredits(leftMicro > 0n ? leftMicro : 0n)} are left of the ${formatCredits(mostMicro)} that the house spends on ${purpose}. ${remedy}`,
        );
      const key = `${market}/${name}`;
      spent.set(key, (spent.get(key) ?? 0n) + amountMicro);
      save();
    },
    giveBack(market, name, amountMicro) {
      const key = `${market}/${name}`;
      const leftMicro = (spent.get(key) ?? 0n) - amountMicro;
      // What was earned besides is the treasury's, and raises nothing.
      spent.set(key, leftMicro > 0n ? leftMicro : 0n);
      save();
    },
    entries: () =>
      [...spent].map(([key, micro]) => {
        const [market, name] = key.split('/') as [MarketId, string];
        return { market, name, micro };
      }),
  };
}

function read(path: string, purpose: string): Readonly<Record<string, Amount>> {
  const damaged = (cause: MoeError): MoeError =>
    new MoeError(
      'budget-unreadable',
      `${path}, which says what the house has spent on ${purpose}, is damaged. Restore it from a backup, or delete it to begin anew with the whole budget.`,
      { cause },
    );
  return readSealedJson(path, schema, damaged)?.spent ?? {};
}
