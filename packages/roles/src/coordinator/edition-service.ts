import { type Amount, hashOf, isMoeError, MoeError, type NodeId } from '@market-of-experts/core';
import {
  type Edition,
  type EditionPart,
  editionHash,
  editionName,
  partFees,
} from '@market-of-experts/protocol';
import { editionReceiptId } from '@market-of-experts/receipts/receipt-id';
import type { Hold } from './client-orders.ts';
import { paidAnswers } from './paid-answers.ts';
import { type RoutedAnswer, routedMessages } from './routed-messages.ts';
import type { RoutedSession } from './routed-session.ts';
import { type RoutingComponents, routedTallies } from './routed-tallies.ts';
import type { TextRequest } from './text-request.ts';

/** A text to be answered by all parts of an edition. */
export interface EditionText {
  readonly request: TextRequest;
  readonly edition: Edition;
  readonly bytes: number;
  /** Of each part, in the edition's order: {@link EditionService.feesOf}. */
  readonly fees: readonly Amount[];
  /** Holds the fee of every part that is not paid yet. */
  readonly money: Hold;
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
  /**
   * What each part gets of a text, where the market's price is `priceMicro`: together as much as all of them at that price, by the
   * published shares. 0 for a part whose answer the client has paid already.
   */
  feesOf(request: TextRequest, edition: Edition, priceMicro: Amount): readonly Amount[];
  /**
   * Rejects with `edition-incomplete` where a strict request would miss a part, with `no-quorum` where all are away, or with the
   * reason of the request's abort. Parts that answered are paid, also where the others keep the text from being served: the next
   * try of the same text has their answers.
   */
  serve(text: EditionText): Promise<EditionAnswer>;
  /** Tallies that are still open, or being signed and kept. */
  openSessions(): readonly RoutedSession[];
  /** Closes all tallies and waits for them. */
  close(): Promise<void>;
}

export function createEditionService(components: RoutingComponents): EditionService {
  const { view } = components;
  const tallies = routedTallies(components);
  const messages = routedMessages(components, tallies);
  const split = partFees();
  const paid = paidAnswers<RoutedAnswer>(components.clock);

  const keyOf = (request: TextRequest, { number }: Edition, { node }: EditionPart): string => {
    const { account, kind, isTextPublic, text } = request;
    return hashOf('moe/paid-part/1', [account, kind, isTextPublic, text, number, node]);
  };
  const isPaid = (request: TextRequest, edition: Edition, part: EditionPart): boolean =>
    paid.size > 0 && paid.has(keyOf(request, edition, part));

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
        isAnswer: (answer) => view.task.isPart(answer, part),
      });
    } catch (error) {
      request.signal.throwIfAborted();
      // Its money or its order is gone, not the expert.
      if (!isMoeError(error) || isMoeError(error, 'insufficient-funds') || isMoeError(error, 'order-settled'))
        throw error;
      return undefined;
    }
  };
  const isHere = (part: EditionPart): boolean => components.isPartHere(part) && messages.canAsk(part.node);
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
  /** Those of an earlier try that failed, and new ones; where this one fails, too, they are kept again. */
  const answersTo = async (
    text: EditionText,
  ): Promise<{ readonly answers: readonly (RoutedAnswer | undefined)[]; readonly feeMicro: Amount }> => {
    const { request, edition } = text;
    const { parts } = edition;
    const had = new Map<EditionPart, RoutedAnswer>();
    const keep = (part: EditionPart, answer: RoutedAnswer): void =>
      paid.keep(keyOf(request, edition, part), answer);
    let hasFailed = false;
    let feeMicro = 0n;
    const ask = async (part: EditionPart, index: number): Promise<void> => {
      const fee = text.fees[index]!;
      const kept = paid.size === 0 ? undefined : paid.take(keyOf(request, edition, part));
      const answer = kept ?? (await answerOf(text, part, fee));
      if (answer === undefined) return;
      if (kept === undefined && answer.receiptId !== undefined) feeMicro += fee;
      if (hasFailed) keep(part, answer);
      else had.set(part, answer);
    };
    try {
      await Promise.all(parts.map(ask));
      assertComplete(request, edition, nodesOf(parts.filter((part) => !had.has(part))));
      return { answers: parts.map((part) => had.get(part)), feeMicro };
    } catch (error) {
      hasFailed = true;
      for (const [part, answer] of had) keep(part, answer);
      throw error;
    }
  };

  return {
    assertHere: (request, edition) =>
      assertComplete(
        request,
        edition,
        nodesOf(edition.parts.filter((part) => !isHere(part) && !isPaid(request, edition, part))),
      ),
    feesOf(request, edition, priceMicro) {
      const { parts } = edition;
      const shares = view.payShares(edition);
      const fees =
        shares === undefined ? parts.map(() => priceMicro) : split(priceMicro * BigInt(parts.length), shares);
      return fees.map((fee, index) => (isPaid(request, edition, parts[index]!) ? 0n : fee));
    },
    async serve(text) {
      const { edition } = text;
      const { parts } = edition;
      const { answers, feeMicro } = await answersTo(text);
      return {
        answer: view.task.mix(
          edition,
          answers.map((answer) => answer?.answer),
        ),
        receiptId: editionReceiptId(
          editionHash(edition),
          answers.flatMap((answer) => answer?.receiptId ?? []),
        ),
        missing: nodesOf(parts.filter((_, index) => answers[index] === undefined)),
        feeMicro,
      };
    },
    openSessions: tallies.openSessions,
    close: tallies.close,
  };
}

const nodesOf = (parts: readonly EditionPart[]): NodeId[] => parts.map(({ node }) => node);
