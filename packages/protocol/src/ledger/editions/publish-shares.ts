import { readEdition } from '../../editions/edition.ts';
import { editionKey, type StateView } from '../state/state.ts';
import { APPLIED, type Applied, type Refused, refused } from '../transaction/outcome.ts';
import type { TransactionOf } from '../transaction/transaction.ts';
import { problemOfExams } from './publish-edition.ts';

const whole = 1_000_000;

/**
 * Says what the parts of the edition in force get of each service fee from now on, once an epoch at most. Its market's owner says so;
 * that they follow from the exams, whoever has these recomputes (`examShares`).
 */
export function applyPublishShares(view: StateView, tx: TransactionOf<'publishShares'>): Applied | Refused {
  const market = view.markets.get(tx.market);
  if (market === undefined) return refused('unknown-market', `There is no market "${tx.market}".`);
  if (market.owner !== tx.from)
    return refused('not-authorised', `"${tx.market}" belongs to account ${market.owner}.`);
  const number = market.edition?.number;
  const key = editionKey(tx.market, tx.edition);
  const record = view.editions.get(key);
  if (number !== tx.edition || record === undefined)
    return refused(
      'invalid-edition',
      `Shares are of the edition in force, ${number === undefined ? 'and there is none' : `number ${number}, not ${tx.edition}`}.`,
    );
  const { epoch } = view.network.get('network')!;
  if (tx.epoch !== epoch)
    return refused(
      tx.epoch < epoch ? 'too-late' : 'too-early',
      `Epoch ${epoch} is running; the shares are of epoch ${tx.epoch}.`,
    );
  if (record.shares?.epoch === epoch)
    return refused(
      'too-early',
      `Shares of epoch ${epoch} are published already; the next are of a later epoch.`,
    );
  const { parts } = readEdition(record.edition);
  const sum = tx.millionths.reduce((before, millionths) => before + millionths, 0);
  if (tx.millionths.length !== parts.length || sum !== whole)
    return refused(
      'invalid-edition',
      `Edition ${number} has ${parts.length} parts, whose shares are ${whole} millionths together; these ${tx.millionths.length} are ${sum}.`,
    );
  const problem = problemOfExams(tx.exams, market.nextBatch);
  if (problem !== undefined) return problem;
  view.editions.set(key, { ...record, shares: { epoch, millionths: tx.millionths, exams: tx.exams } });
  return APPLIED;
}
