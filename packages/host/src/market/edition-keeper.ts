import { type MarketId, messageOf, type NodeId, type OwnerKey } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import {
  type Edition,
  type EditionRecord,
  type EditionTerms,
  editionBytes,
  leastPaidTexts,
  type NextEdition,
  servedEpochs,
} from '@market-of-experts/protocol';
import type { Editions } from './editions.ts';
import type { ExamBook } from './exam-book.ts';
import { type Weighed, weighExams } from './weigh-exams.ts';

export interface EditionKeeperInit {
  readonly ledger: Ledger;
  readonly market: MarketId;
  /** Of the market's owner. */
  readonly keys: OwnerKey;
  readonly editions: Editions;
  readonly exams: Pick<ExamBook, 'window' | 'publish' | 'texts'>;
  /** No edition is chosen: that in force stays. What its parts are paid follows the exams all the same. */
  readonly isHeld: boolean;
  /** How long an edition is in force at least. */
  readonly leastAgeMs: number;
  /** Whether audits found that an expert is better in exams than in service: exams do not bring it in, nor give it more weight. */
  readonly isKeptOut: (node: NodeId) => boolean;
  /** Told of an edition that exams chose, once it is in force. */
  readonly onChosen: (next: NextEdition) => void;
  readonly nameOf: (node: NodeId) => string;
  readonly onWarning: (message: string) => void;
}

export interface EditionKeeper {
  /** By how much each part of an edition lowers its loss, by the exams that were looked at last. Undefined where they were not of this edition. */
  lowersLoss(edition: Pick<Edition, 'number'>): readonly number[] | undefined;
  /** Resolves when what the last epoch asked for is done. */
  idle(): Promise<void>;
  /** Begins nothing more, and waits for what is under way. */
  close(): Promise<void>;
}

/** What is known when an epoch begins. */
interface Beginning {
  readonly epoch: number;
  /** Settlements before this one were there: what is settled later might have known the beacon. */
  readonly toBatch: number;
}

/** Parts that an edition brings in, or gives more weight. */
function raisedIn({ edition }: NextEdition, before: Edition): NodeId[] {
  const had = new Map(before.parts.map(({ node, weightSteps }) => [node, weightSteps]));
  return edition.parts.flatMap(({ node, weightSteps }) => (weightSteps > (had.get(node) ?? 0) ? [node] : []));
}

/**
 * When an epoch begins, the owner of a market publishes what the exams say: the next edition, where one change is proven and that in force is old
 * enough, and what the parts of the one in force get of each service fee. Only after {@link leastPaidTexts} more data were examined.
 */
export function editionKeeper(init: EditionKeeperInit): EditionKeeper {
  const { ledger, market, keys, editions, exams } = init;
  const stopped = new AbortController();
  /** Settlements before this one were looked at for an edition, and none was proven. */
  let looked = 0;
  let worth: { readonly edition: number; readonly lowersLoss: readonly number[] | undefined } | undefined;
  let waiting: Beginning | undefined;

  const recordInForce = (): EditionRecord | undefined => {
    const number = ledger.market(market)?.edition?.number;
    return ledger.editions(market).find((record) => record.number === number);
  };
  const hasMore = async (fromBatch: number, toBatch: number): Promise<boolean> =>
    (await exams.texts(fromBatch, toBatch)) >= leastPaidTexts;
  /** What was computed for an epoch that is over is not published: the next one begins with another beacon. */
  const isRunning = ({ epoch }: Beginning): boolean =>
    !stopped.signal.aborted && ledger.settings().epoch === epoch;

  const begin = async (begun: Beginning): Promise<void> => {
    const record = recordInForce();
    const edition = editions.get();
    if (record === undefined || edition === undefined || !isRunning(begun)) return;
    const { epoch, toBatch } = begun;
    const { beacon, rules } = ledger.settings();
    const isOld = (epoch - record.epoch) * rules.epochMs >= init.leastAgeMs;
    const mayChoose = !init.isHeld && isOld && (await hasMore(looked, toBatch));
    const mayShare =
      record.shares?.epoch !== epoch && (await hasMore(record.shares?.exams.toBatch ?? 0, toBatch));
    if (!mayChoose && !mayShare) return;
    const window = await exams.window(toBatch);
    const evidence = window.record.root;
    const terms = { seed: beacon, epoch, servedEpochs: servedEpochs(rules), evidence };
    const weigh = (chosenBy: EditionTerms | undefined): Promise<Weighed> =>
      weighExams({ edition, exams: window.exams, terms: chosenBy }, stopped.signal);
    let { next, shares, lowersLoss } = await weigh(mayChoose ? terms : undefined);
    const liar = next && raisedIn(next, edition).find(init.isKeptOut);
    if (liar !== undefined) {
      init.onWarning(
        `Exams would give the edition of "${market}" to ${init.nameOf(liar)}, but audits found that it is better in exams than in service: the edition stays as it is.`,
      );
      // What its parts are paid follows the exams all the same.
      ({ next, shares, lowersLoss } = await weigh(undefined));
    }
    if (mayChoose) looked = toBatch;
    if (!isRunning(begun)) return;
    if (next === undefined) worth = { edition: edition.number, lowersLoss };
    if (next === undefined && shares === undefined) return;
    await exams.publish(window);
    const chosenBy = { market, exams: window.record };
    if (next !== undefined) {
      await ledger.transact(keys, {
        kind: 'publishEdition',
        edition: editionBytes(next.edition),
        ...chosenBy,
      });
      worth = { edition: next.edition.number, lowersLoss };
      init.onChosen(next);
    }
    if (shares === undefined || (next === undefined && !mayShare)) return;
    await ledger.transact(keys, {
      kind: 'publishShares',
      edition: (next?.edition ?? edition).number,
      epoch,
      millionths: shares.map(({ millionths }) => millionths),
      ...chosenBy,
    });
  };
  /** What the exams of an earlier process say, by which the parts are paid. Not needed for anything but to be looked at. */
  const recall = async (): Promise<void> => {
    const paidBy = recordInForce()?.shares?.exams;
    const edition = editions.get();
    if (paidBy === undefined || edition === undefined) return;
    const { exams: settled } = await exams.window(paidBy.toBatch);
    const weighed = await weighExams({ edition, exams: settled, terms: undefined }, stopped.signal);
    worth = { edition: edition.number, lowersLoss: weighed.lowersLoss };
  };
  let running: Promise<void> = recall().catch(() => undefined);
  const beginNext = async (): Promise<void> => {
    const begun = waiting;
    waiting = undefined;
    if (begun === undefined || stopped.signal.aborted) return;
    try {
      await begin(begun);
    } catch (error) {
      if (!stopped.signal.aborted)
        init.onWarning(
          `What exams say of the edition of "${market}" could not be published, and will be tried in the next epoch: ${messageOf(error)}`,
        );
    }
  };
  const unsubscribe = ledger.onApplied(({ transaction }) => {
    const record = ledger.market(market);
    if (transaction.kind !== 'endEpoch' || record === undefined) return;
    waiting = { epoch: ledger.settings().epoch, toBatch: record.nextBatch };
    running = running.then(beginNext);
  });

  return {
    lowersLoss: ({ number }) => (worth?.edition === number ? worth.lowersLoss : undefined),
    idle: () => running,
    async close() {
      unsubscribe();
      stopped.abort();
      await running;
    },
  };
}
