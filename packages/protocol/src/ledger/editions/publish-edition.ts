import { isMoeError } from '@market-of-experts/core';
import { type Edition, editionHash, readEdition } from '../../editions/edition.ts';
import { problemOfSuccessor } from '../../editions/succession.ts';
import { LEDGER_LIMITS as limits } from '../../fields/limits.ts';
import type { Market } from '../state/records.ts';
import { editionKey, type StateView } from '../state/state.ts';
import { APPLIED, type Applied, type Refused, refused } from '../transaction/outcome.ts';
import type { TransactionOf } from '../transaction/transaction.ts';

/**
 * Puts an edition in force. Its market's owner publishes it; to a market that has none the network's treasury may give the first, so that it can be
 * served. Numbers have no gaps, each names the hash of the one before, and what was published stays: nobody gives a number another
 * meaning, also when the market has been closed and somebody opens one of its name. Whether an edition that names exams is the one
 * that they choose, whoever has the exams recomputes (`nextEdition`); the ledger has none.
 */
export function applyPublishEdition(view: StateView, tx: TransactionOf<'publishEdition'>): Applied | Refused {
  const market = view.markets.get(tx.market);
  if (market === undefined) return refused('unknown-market', `There is no market "${tx.market}".`);
  const edition = editionIn(tx);
  if (edition === undefined)
    return refused('invalid-edition', 'The bytes are no edition: see `editionSchema` of the protocol.');
  const problem =
    problemOfSender(view, market, tx) ??
    problemOfPlace(view, market, edition) ??
    problemOfTime(view, market, edition, tx) ??
    makeRoom(view, market);
  if (problem !== undefined) return problem;
  const { epoch, beacon } = view.network.get('network')!;
  const { number } = edition;
  const hash = editionHash(edition);
  view.markets.set(tx.market, { ...market, edition: { number, hash } });
  view.editions.set(editionKey(tx.market, number), {
    market: tx.market,
    number,
    hash,
    edition: tx.edition,
    epoch,
    beacon,
    ...(tx.exams === undefined ? {} : { exams: tx.exams }),
  });
  return APPLIED;
}

function editionIn({ edition }: TransactionOf<'publishEdition'>): Edition | undefined {
  try {
    return readEdition(edition);
  } catch (error) {
    if (isMoeError(error, 'invalid-encoding')) return undefined;
    throw error;
  }
}

function problemOfSender(
  view: StateView,
  { market, owner, edition }: Market,
  { from }: TransactionOf<'publishEdition'>,
): Refused | undefined {
  if (from === owner) return undefined;
  if (from !== view.network.get('network')!.treasury)
    return refused('not-authorised', `"${market}" belongs to account ${owner}, who publishes its editions.`);
  // A market that was closed and made again under its name has a number, and no edition.
  return edition === undefined || view.editions.get(editionKey(market, edition.number)) === undefined
    ? undefined
    : refused('not-authorised', `"${market}" has an edition; the next comes from its owner, ${owner}.`);
}

/** Of this market, with the next number, after the one before. */
function problemOfPlace(view: StateView, market: Market, edition: Edition): Refused | undefined {
  const { network } = view.network.get('network')!;
  if (edition.network !== network || edition.market !== market.market)
    return refused('invalid-edition', `The edition is of ${edition.network}/${edition.market}.`);
  const { number, hash } = market.edition ?? { number: 0, hash: null };
  if (edition.number !== number + 1 || edition.previous !== hash)
    return refused(
      'invalid-edition',
      `The next edition of "${market.market}" has number ${number + 1} and names ${hash === null ? 'none' : `the hash ${hash}`} before it; this one has number ${edition.number}.`,
    );
  const last = view.editions.get(editionKey(market.market, number));
  const problem = last === undefined ? undefined : problemOfSuccessor(readEdition(last.edition), edition);
  return problem === undefined ? undefined : refused('invalid-edition', problem);
}

/** What exams chose begins in the running epoch, whose beacon dealt them; what its owner chose may have begun before. */
function problemOfTime(
  view: StateView,
  { nextBatch }: Market,
  { fromEpoch, evidence }: Edition,
  { exams }: TransactionOf<'publishEdition'>,
): Refused | undefined {
  const { epoch } = view.network.get('network')!;
  if (fromEpoch > epoch)
    return refused('too-early', `Epoch ${epoch} is running; the edition begins with epoch ${fromEpoch}.`);
  if (exams === undefined) return undefined;
  if (fromEpoch < epoch)
    return refused('too-late', `Epoch ${epoch} is running; the edition was chosen for epoch ${fromEpoch}.`);
  if (evidence !== exams.root)
    return refused('invalid-edition', 'The edition names other exams as its evidence than the transaction.');
  return problemOfExams(exams, nextBatch);
}

/** Why such exams cannot have been settled. */
export function problemOfExams(
  { fromBatch, toBatch }: NonNullable<TransactionOf<'publishEdition'>['exams']>,
  nextBatch: number,
): Refused | undefined {
  return fromBatch <= toBatch && toBatch <= nextBatch
    ? undefined
    : refused(
        'invalid-edition',
        `The market has ${nextBatch} settlements; exams of numbers ${fromBatch} to ${toBatch} cannot count.`,
      );
}

/** The oldest edition that is remembered goes where there are too many, once it was served as long as it says. */
function makeRoom(view: StateView, { market, edition }: Market): Refused | undefined {
  const key = editionKey(market, (edition?.number ?? 0) + 1 - limits.editionsPerMarket);
  const oldest = view.editions.get(key);
  if (oldest === undefined) return undefined;
  const { toEpoch } = readEdition(oldest.edition);
  if (toEpoch > view.network.get('network')!.epoch)
    return refused(
      'limit-reached',
      `The ledger remembers ${limits.editionsPerMarket} editions of a market, and number ${oldest.number} is served up to epoch ${toEpoch}.`,
    );
  view.editions.delete(key);
  return undefined;
}
