import { type Amount, isMoeError, MoeError, type NodeId } from '@market-of-experts/core';
import {
  type Edition,
  type EditionPart,
  editionHash,
  editionName,
  partFees,
} from '@market-of-experts/protocol';
import { editionReceiptId } from '@market-of-experts/receipts/receipt-id';
import type { Hold } from './client-orders.ts';
import { type PartAnswers, paidParts } from './part-answers.ts';
import { type RoutedAnswer, routedMessages } from './routed-messages.ts';
import type { RoutedSession } from './routed-session.ts';
import { type RoutingComponents, routedTallies } from './routed-tallies.ts';
import type { StatementChecker } from './statements/statement-checker.ts';
import { priceOf, type TextRequest } from './text-request.ts';

/** A text to be answered by all parts of an edition. */
export interface EditionText {
  readonly request: TextRequest;
  readonly edition: Edition;
  readonly bytes: number;
  /** Of each part, in the edition's order: {@link EditionService.feesOf}. */
  readonly fees: readonly Amount[];
  /** Holds the fee of every part that is not paid yet. */
  readonly money: Hold;
  /** What earlier tries have paid for; what comes is added. */
  readonly had: PartAnswers;
}

export interface EditionAnswer {
  readonly answer: Uint8Array;
  /** Of the edition and of each part that is paid. */
  readonly receiptId: string;
  readonly missing: readonly NodeId[];
  /** Of this try: parts that answered an earlier one are paid already. */
  readonly feeMicro: Amount;
}

/** Serves texts by an edition: one round trip to all of its experts; work is signed for together, in tallies. */
export interface EditionService {
  /** By what is known before anybody is asked: throws `edition-incomplete` and `no-quorum` as `serve` rejects. */
  assertHere(request: TextRequest, edition: Edition): void;
  /** Of the same text. Taken out: where it is not served, they are to be kept again. */
  paidBefore(request: TextRequest, edition: Edition): PartAnswers;
  /**
   * What each part gets of a text, where the market's price is `priceMicro`: together as much as all of them at that price, by the
   * published shares. 0 for a part whose answer the client has paid already.
   */
  feesOf(edition: Edition, had: PartAnswers, priceMicro: Amount): readonly Amount[];
  /**
   * Rejects with `edition-incomplete` where a strict request would miss a part, with `no-quorum` where all are away, or with the
   * reason of the request's abort. Parts that answered are paid, also where the others keep the text from being served: `had` has
   * their answers for the next try.
   */
  serve(text: EditionText): Promise<EditionAnswer>;
  /**
   * What one expert states for a text, of whatever edition it is a part or none: ordered, paid and checked as all texts that are served, and told
   * from them by nothing. Rejects as the expert does, and with `insufficient-funds`.
   */
  ask(worker: NodeId, request: TextRequest): Promise<Uint8Array>;
  /** Tallies that are still open, or being signed and kept. */
  openSessions(): readonly RoutedSession[];
  /** Closes all tallies and waits for them. */
  close(): Promise<void>;
}

export function createEditionService(
  components: RoutingComponents,
  statements: StatementChecker,
): EditionService {
  const { view } = components;
  const tallies = routedTallies(components);
  const messages = routedMessages(components, tallies, statements);
  const split = partFees();
  const paid = paidParts(components.clock);

  /** Undefined for a part that is away, or answers what is no answer of its: nothing is paid for it. */
  const answerOf = async (
    { request, bytes, money }: EditionText,
    part: EditionPart,
    feeMicro: Amount,
  ): Promise<RoutedAnswer | undefined> => {
    if (!isHere(part)) return undefined;
    try {
      return await messages.ask(part.node, {
        request,
        bytes,
        feeMicro,
        money,
        isAnswer: (answer, { model }) => model === part.modelVersion && view.task.isPart(answer, part),
      });
    } catch (error) {
      request.signal.throwIfAborted();
      // Its money or its order is gone, not the expert.
      if (!isMoeError(error) || isMoeError(error, 'insufficient-funds') || isMoeError(error, 'order-settled'))
        throw error;
      return undefined;
    }
  };
  const isHere = (part: EditionPart): boolean =>
    components.isPartHere(part) && messages.canAsk(part.node) && !statements.isLeftOut(part.node);
  const assertComplete = (
    request: Pick<TextRequest, 'isStrict'>,
    edition: Edition,
    missing: readonly NodeId[],
  ): void => {
    if (missing.length === edition.parts.length)
      throw new MoeError(
        'no-quorum',
        `No part of ${editionName(edition)} answered, so none is paid. Try again.`,
        { isRetryable: true },
      );
    if (request.isStrict === true && missing.length > 0)
      throw new MoeError(
        'edition-incomplete',
        `Of ${editionName(edition)}, which has ${edition.parts.length} parts, ${missing.map((node) => components.nameOf(node)).join(', ')} did not answer; those that did are paid, once for all tries of the next minutes. Try again, or do without: leave out "strict".`,
        { isRetryable: true },
      );
  };

  return {
    assertHere: (request, edition) =>
      assertComplete(
        request,
        edition,
        nodesOf(edition.parts.filter((part) => !isHere(part) && !paid.has(request, edition, part))),
      ),
    paidBefore: paid.take,
    feesOf(edition, had, priceMicro) {
      const { parts } = edition;
      const shares = view.payShares(edition);
      const fees =
        shares === undefined ? parts.map(() => priceMicro) : split(priceMicro * BigInt(parts.length), shares);
      return fees.map((fee, index) => (had.of(parts[index]!) === undefined ? fee : 0n));
    },
    async serve(text) {
      const { request, edition, fees, had } = text;
      const { parts } = edition;
      let feeMicro = 0n;
      await Promise.all(
        parts.map(async (part, index) => {
          if (had.of(part) !== undefined) return;
          const answer = await answerOf(text, part, fees[index]!);
          if (answer === undefined) return;
          if (answer.receiptId !== undefined) feeMicro += fees[index]!;
          had.add(part, answer);
        }),
      );
      const answers = parts.map((part) => had.of(part));
      const missing = nodesOf(parts.filter((_, index) => answers[index] === undefined));
      assertComplete(request, edition, missing);
      return {
        answer: view.task.mix(
          edition,
          answers.map((answer) => answer?.answer),
        ),
        receiptId: editionReceiptId(
          editionHash(edition),
          answers.flatMap((answer) => answer?.receiptId ?? []),
        ),
        missing,
        feeMicro,
      };
    },
    async ask(worker, request) {
      const bytes = Buffer.byteLength(request.text);
      const feeMicro = priceOf(bytes, view);
      const money = components.orders.hold(request.account, feeMicro);
      const isAnswer = (answer: Uint8Array): boolean => view.task.statedVector(answer) !== undefined;
      try {
        return (await messages.ask(worker, { request, bytes, feeMicro, money, isAnswer })).answer;
      } finally {
        money.end();
      }
    },
    openSessions: tallies.openSessions,
    close: tallies.close,
  };
}

const nodesOf = (parts: readonly EditionPart[]): NodeId[] => parts.map(({ node }) => node);
