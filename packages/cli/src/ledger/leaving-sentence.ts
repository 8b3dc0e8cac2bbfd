import type { Amount } from '@market-of-experts/core';
import { formatAmount } from '../terminal/text.ts';

/** Of prepaid money that its client is taking out. */
export function leavingSentence({
  amountMicro,
  fromEpoch,
}: {
  readonly amountMicro: Amount;
  readonly fromEpoch: number;
}): string {
  return `${formatAmount(amountMicro)} on the way back to your balance when epoch ${fromEpoch} begins; work ordered before may still cost some of it`;
}
