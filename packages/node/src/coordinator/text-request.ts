import { type AccountId, type Amount, MoeError } from '@moe/core';
import { basePricePerKilobyte, feeOf } from '@moe/protocol';
import type { MarketView } from '../market/market-view.ts';
import type { Delivery, ServiceMode } from '../market-service.ts';

/** One text to serve, and on what terms. */
export interface TextRequest {
  readonly account: AccountId;
  readonly text: string;
  readonly mode: ServiceMode;
  readonly delivery: Delivery;
  readonly maxFeeMicro: Amount | undefined;
  readonly kind: 'client' | 'house';
  readonly signal: AbortSignal;
}

/** What the text costs now. Throws `fee-too-low` when that is more than the request allows. */
export function feeWithin(request: TextRequest, bytes: number, view: MarketView): Amount {
  const feeMicro = feeOf(bytes, basePricePerKilobyte(view.current().roster.experts), 0n);
  if (request.maxFeeMicro !== undefined && feeMicro > request.maxFeeMicro)
    throw new MoeError(
      'fee-too-low',
      `This text costs ${feeMicro} micro-credits; the request allows ${request.maxFeeMicro}. Raise the limit or send less text.`,
    );
  return feeMicro;
}
