import type { TransactionKind } from '@market-of-experts/protocol';
import type { Share } from './makers.ts';
import { marketActions } from './market-actions.ts';
import { moneyActions } from './money-actions.ts';
import { nodeActions } from './node-actions.ts';

/**
 * The mix: of every 100 transactions about so many are of a kind (transfers stand in for what is not possible at
 * the moment). The type checker asks for a new kind of transaction here.
 */
export const mix: Readonly<Record<Exclude<TransactionKind, 'genesis'>, Share>> = {
  ...moneyActions,
  ...nodeActions,
  ...marketActions,
};
