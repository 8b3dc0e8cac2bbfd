import { type Amount, BPS, MoeError, shareBps } from '@market-of-experts/core';

interface Ask {
  readonly askMicroPerKilobyte: Amount;
  readonly stakeMicro: Amount;
}

const basePrices = new WeakMap<readonly Ask[], Amount>();

/**
 * The market's base price: the ⅔ quantile of the experts' asks, weighted by stake. Two thirds of the stake
 * would work for it or less. Calculated once for each list: every text asks for it.
 */
export function basePricePerKilobyte(asks: readonly Ask[]): Amount {
  const known = basePrices.get(asks);
  if (known !== undefined) return known;
  const price = basePriceOf(asks);
  basePrices.set(asks, price);
  return price;
}

function basePriceOf(asks: readonly Ask[]): Amount {
  const sorted = [...asks].sort((a, b) =>
    a.askMicroPerKilobyte < b.askMicroPerKilobyte
      ? -1
      : a.askMicroPerKilobyte > b.askMicroPerKilobyte
        ? 1
        : 0,
  );
  const total = sorted.reduce((sum, { stakeMicro }) => sum + stakeMicro, 0n);
  let below = 0n;
  for (const { askMicroPerKilobyte, stakeMicro } of sorted) {
    below += stakeMicro;
    if (3n * below >= 2n * total) return askMicroPerKilobyte;
  }
  return 0n;
}

/** Fee of a datum: base price for each started kilobyte's share, rounded up to a whole micro-credit, plus tip. */
export function feeOf(bytes: number, pricePerKilobyteMicro: Amount, tipMicro: Amount): Amount {
  return (BigInt(bytes) * pricePerKilobyteMicro + 1_023n) / 1_024n + tipMicro;
}

/** Throws `fee-too-low` when the client's limit does not cover the fee. */
export function assertFeeCovered(feeMicro: Amount, maxFeeMicro: Amount): void {
  if (feeMicro > maxFeeMicro)
    throw new MoeError(
      'fee-too-low',
      `This text costs ${feeMicro} micro-credits; the order allows ${maxFeeMicro}. Raise maxFee or send less text.`,
      { metadata: { feeMicro: feeMicro.toString(), maxFeeMicro: maxFeeMicro.toString() } },
    );
}

export interface FeeSplit {
  readonly workerMicro: Amount;
  readonly principalMicro: Amount;
  readonly marketMicro: Amount;
}

/** Splits a fee: the market's cut, then the worker's ask of the rest, the remainder to the principal. */
export function splitFee(feeMicro: Amount, marketFeeBps: number, workerBps: number): FeeSplit {
  const marketMicro = shareBps(feeMicro, marketFeeBps);
  const rest = feeMicro - marketMicro;
  const workerMicro = (rest * BigInt(workerBps)) / BPS;
  return { workerMicro, principalMicro: rest - workerMicro, marketMicro };
}
