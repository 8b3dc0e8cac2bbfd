import { shareBps } from '@moe/core';
import { equivocationOf } from '../job/equivocation.ts';
import { equivocationSlashBps } from '../parameters.ts';
import { APPLIED, type Applied, type Refused, refused } from './outcome.ts';
import { expertKey, type LedgerView } from './state.ts';
import type { TransactionOf } from './transaction.ts';

/** Slashes an expert for two statements that exclude one another, once for each job, into the market's pool. */
export function applyEvidence(view: LedgerView, tx: TransactionOf<'evidence'>): Applied | Refused {
  const market = view.markets.get(tx.market);
  if (market === undefined) return refused('unknown-market', `There is no market "${tx.market}".`);
  const found = equivocationOf(...tx.statements);
  if (found === undefined)
    return refused('invalid-evidence', 'The two statements do not exclude one another: they prove nothing.');
  const { node, job } = found;
  const key = expertKey(tx.market, node);
  const expert = view.experts.get(key);
  if (expert === undefined)
    return refused('unknown-node', `Node ${node} is not an expert of "${tx.market}".`);
  if (view.equivocations.get(`${key}/${job}`) !== undefined)
    return refused('already-punished', `Node ${node} was punished for job ${job} already.`);
  const amountMicro = shareBps(expert.stakeMicro, equivocationSlashBps);
  view.experts.set(key, { ...expert, stakeMicro: expert.stakeMicro - amountMicro });
  view.markets.set(tx.market, { ...market, poolMicro: market.poolMicro + amountMicro });
  view.equivocations.set(`${key}/${job}`, { market: tx.market, node, job, amountMicro });
  return APPLIED;
}
