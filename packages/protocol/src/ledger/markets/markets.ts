import { skeletonOf } from '@market-of-experts/core';
import { LEDGER_LIMITS as limits } from '../../fields/limits.ts';
import type { SlashReason } from '../../parameters/money-parameters.ts';
import { problemOfTerms } from '../../terms/problem-of-terms.ts';
import type { MarketTerms } from '../../terms/terms.ts';
import { addToPool, credit, spend } from '../accounts/balances.ts';
import { expertsOf } from '../registration/market-experts.ts';
import { decayedPrice } from '../registration/registration-price.ts';
import { leave } from '../staking/stake-release.ts';
import type { ClosedMarket, Market, NetworkRecord } from '../state/records.ts';
import { sortedEntries } from '../state/sorted-records.ts';
import type { StateView, Table } from '../state/state.ts';
import { APPLIED, type Applied, type Refused, refused } from '../transaction/outcome.ts';
import type { TransactionOf } from '../transaction/transaction.ts';

/** A market as it begins, after what is `left` of one of the same name. */
export function newMarket(
  {
    market,
    owner,
    terms,
    mintWeight = 0,
  }: Pick<Market, 'market' | 'owner' | 'terms'> & Partial<Pick<Market, 'mintWeight'>>,
  { epoch, epochStartedMs }: Pick<NetworkRecord, 'epoch' | 'epochStartedMs'>,
  depositMicro: bigint,
  left: Pick<ClosedMarket, 'nextBatch' | 'edition'> = { nextBatch: 0 },
): Market {
  const { nextBatch, edition } = left;
  return {
    market,
    owner,
    terms,
    version: 0,
    createdEpoch: epoch,
    createdMs: epochStartedMs,
    depositMicro,
    mintWeight,
    registrationMicro: terms.registration.floorMicro,
    expertCount: 0,
    poolMicro: 0n,
    nextBatch,
    liableBatch: { since: nextBatch, next: nextBatch },
    settledOrders: 0,
    settledMicro: 0n,
    ...(edition === undefined ? {} : { edition }),
  };
}

/** Anybody may open a market; its terms are checked as a whole, and the network's deposit stays until it closes. */
export function applyCreateMarket(view: StateView, tx: TransactionOf<'createMarket'>): Applied | Refused {
  const network = view.network.get('network')!;
  if (view.markets.get(tx.market) !== undefined)
    return refused('already-registered', `There is a market "${tx.market}" already; choose another name.`);
  const look = skeletonOf(tx.market);
  const [alike] = sortedEntries(view.markets, ({ market }) => skeletonOf(market) === look);
  if (alike !== undefined)
    return refused(
      'already-registered',
      `"${tx.market}" looks like the market "${alike[0]}"; choose another name.`,
    );
  if (network.marketCount >= limits.markets)
    return refused('limit-reached', `The network has ${limits.markets} markets, the most it takes.`);
  const depositMicro = network.rules.marketDepositMicro;
  const problem = invalidTerms(tx.terms) ?? spend(view, tx, depositMicro);
  if (problem !== undefined) return problem;
  view.markets.set(
    tx.market,
    newMarket(
      { market: tx.market, owner: tx.from, terms: tx.terms },
      network,
      depositMicro,
      view.closedMarkets.get(tx.market),
    ),
  );
  view.closedMarkets.delete(tx.market);
  view.network.set('network', { ...network, marketCount: network.marketCount + 1 });
  return APPLIED;
}

/**
 * New terms begin after the network's notice; a later announcement replaces an earlier one that has not begun. Terms that
 * punish harder begin no sooner than who is staked under the present ones can be out.
 */
export function applyUpdateMarket(view: StateView, tx: TransactionOf<'updateMarket'>): Applied | Refused {
  const market = ownedMarket(view, tx);
  if ('applied' in market) return market;
  const { task, space, loss, parameters } = market.terms;
  if (
    tx.terms.task !== task ||
    tx.terms.loss !== loss ||
    tx.terms.space.baseEncoder !== space.baseEncoder ||
    tx.terms.space.dimensions !== space.dimensions
  )
    return refused(
      'invalid-terms',
      'Task, space and loss of a market stay as they are: what its experts are made for. Open another market.',
    );
  if (tx.terms.parameters.version <= parameters.version)
    return refused(
      'invalid-terms',
      `Jobs name the version of their parameters: the new terms need a version above ${parameters.version}.`,
    );
  const problem = invalidTerms(tx.terms);
  if (problem !== undefined) return problem;
  const { epoch, rules } = view.network.get('network')!;
  const isHarder = (Object.keys(parameters.slashBps) as SlashReason[]).some(
    (reason) => tx.terms.parameters.slashBps[reason] > parameters.slashBps[reason],
  );
  // Who decides within the epoch that follows is paid out when the harder ones begin.
  const waitEpochs = isHarder ? Math.max(rules.noticeEpochs, rules.unbondingEpochs + 1) : rules.noticeEpochs;
  view.markets.set(tx.market, { ...market, next: { terms: tx.terms, fromEpoch: epoch + waitEpochs } });
  return APPLIED;
}

/** Closes a market after the network's notice. */
export function applyCloseMarket(view: StateView, tx: TransactionOf<'closeMarket'>): Applied | Refused {
  const market = ownedMarket(view, tx);
  if ('applied' in market) return market;
  const { epoch, rules } = view.network.get('network')!;
  view.markets.set(tx.market, { ...market, closesAtEpoch: epoch + rules.noticeEpochs });
  return APPLIED;
}

/** A gift to the pool, from which emission is paid; a market that closes takes none, for it would end with the treasury. */
export function applyFundMarket(view: StateView, tx: TransactionOf<'fundMarket'>): Applied | Refused {
  const market = view.markets.get(tx.market);
  if (market === undefined) return refused('unknown-market', `There is no market "${tx.market}".`);
  const problem = closing(market) ?? spend(view, tx, tx.amountMicro);
  if (problem !== undefined) return problem;
  addToPool(view, tx.market, tx.amountMicro);
  return APPLIED;
}

function ownedMarket(view: StateView, tx: TransactionOf<'updateMarket' | 'closeMarket'>): Market | Refused {
  const market = view.markets.get(tx.market);
  if (market === undefined) return refused('unknown-market', `There is no market "${tx.market}".`);
  if (market.owner !== tx.from)
    return refused('not-authorised', `"${tx.market}" belongs to account ${market.owner}.`);
  return closing(market) ?? market;
}

/** Why nobody joins, changes or funds the market any more. */
function closing({ market, closesAtEpoch }: Market): Refused | undefined {
  return closesAtEpoch === undefined
    ? undefined
    : refused('market-closing', `"${market}" closes when epoch ${closesAtEpoch} begins.`);
}

function invalidTerms(terms: MarketTerms): Refused | undefined {
  const problem = problemOfTerms(terms);
  return problem === undefined ? undefined : refused('invalid-terms', problem);
}

/** What was announced begins, and prices decay, when `epoch` begins. */
export function beginMarketEpoch(view: StateView, epoch: number): void {
  for (const [key, { next, ...market }] of sortedEntries(view.markets)) {
    const isDue = next !== undefined && next.fromEpoch <= epoch;
    const renewed: Market = {
      ...market,
      ...(isDue ? { terms: next.terms, version: market.version + 1 } : next === undefined ? {} : { next }),
    };
    view.markets.set(key, { ...renewed, registrationMicro: decayedPrice(renewed) });
  }
}

/**
 * Experts of a market whose time has come leave with their deposits; when the last has been paid out, the market goes, its
 * owner gets his deposit back, and the name is free. Locked money of clients stays theirs: from then on they unlock it at once.
 */
export function closeMarkets(view: StateView, epoch: number): void {
  for (const [key, market] of sortedEntries(view.markets)) {
    if (market.closesAtEpoch === undefined || market.closesAtEpoch > epoch) continue;
    const experts = expertsOf(view, market.market);
    for (const { node, leavesAtEpoch } of experts)
      if (leavesAtEpoch === undefined) leave(view, { role: 'expert', market: market.market, node });
    if (experts.length > 0) continue;
    const network = view.network.get('network')!;
    // Nobody may profit from closing a market with a full pool: what is left goes to the treasury.
    credit(view, market.owner, market.depositMicro);
    credit(view, network.treasury, market.poolMicro);
    view.markets.delete(key);
    // Under this name no batch may ever be signed twice, or honest validators could be punished for it.
    // Nor may a number of an edition mean another function.
    view.closedMarkets.set(key, {
      market: market.market,
      nextBatch: market.nextBatch,
      ...(market.edition === undefined ? {} : { edition: market.edition }),
    });
    view.rankings.delete(key);
    dropRecords(view.weights, market.market);
    dropRecords(view.bonds, market.market);
    dropRecords(view.weightCommits, market.market);
    dropRecords(view.editions, market.market);
    view.network.set('network', { ...network, marketCount: network.marketCount - 1 });
  }
}

function dropRecords<Of extends { readonly market: string }>(table: Table<Of>, market: string): void {
  for (const [key, record] of sortedEntries(table)) if (record.market === market) table.delete(key);
}
