import { type Amount, isMoeError, MoeError, type NodeId } from '@market-of-experts/core';
import { type Edition, type EditionPart, editionHash, editionName } from '@market-of-experts/protocol';
import { editionReceiptId } from '@market-of-experts/receipts/receipt-id';
import type { Hold } from './client-orders.ts';
import { type RoutedAnswer, routedMessages } from './routed-messages.ts';
import type { RoutedSession } from './routed-session.ts';
import { type RoutingComponents, routedTallies } from './routed-tallies.ts';
import type { TextRequest } from './text-request.ts';

/** A text to be answered by all parts of an edition. */
export interface EditionText {
  readonly request: TextRequest;
  readonly edition: Edition;
  readonly bytes: number;
  /** Of each part. */
  readonly priceMicro: Amount;
  /** Holds the price of every part. */
  readonly money: Hold;
}

export interface EditionAnswer {
  readonly answer: Uint8Array;
  /** Of the edition and of each part that answered. */
  readonly receiptId: string;
  readonly missing: readonly NodeId[];
  readonly feeMicro: Amount;
}

/** Serves texts by an edition: one round trip to all of its experts; work is signed for together, in tallies. */
export interface EditionService {
  /** By what is known before anybody is asked: throws `edition-incomplete` and `no-quorum` as `serve` rejects. */
  assertHere(request: Pick<TextRequest, 'isStrict'>, edition: Edition): void;
  /**
   * Rejects with `edition-incomplete` where a strict request would miss a part, with `no-quorum` where all are away, or with the
   * reason of the request's abort. Parts that answered are paid, also where the others keep the text from being served.
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

  /** Undefined for a part that is away, or answers what is no answer of its: nothing is paid for it. */
  const answerOf = async (text: EditionText, part: EditionPart): Promise<RoutedAnswer | undefined> => {
    const { request, bytes, priceMicro, money } = text;
    if (!components.isPartHere(part)) return undefined;
    try {
      return await messages.ask(part.node, {
        request,
        bytes,
        feeMicro: priceMicro,
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
        `Of ${editionName(edition)}, which has ${edition.parts.length} parts, ${missing.map((node) => components.nameOf(node)).join(', ')} did not answer; those that did are paid. Try again, or do without: leave out "strict".`,
        { isRetryable: true },
      );
  };

  return {
    assertHere: (request, edition) =>
      assertComplete(request, edition, nodesOf(edition.parts.filter((part) => !components.isPartHere(part)))),
    async serve(text) {
      const { request, edition, priceMicro } = text;
      const { parts } = edition;
      const answers = await Promise.all(parts.map((part) => answerOf(text, part)));
      const missing = nodesOf(parts.filter((_, index) => answers[index] === undefined));
      assertComplete(request, edition, missing);
      const given = answers.filter((answer) => answer !== undefined);
      return {
        answer: view.task.mix(
          edition,
          answers.map((answer) => answer?.answer),
        ),
        receiptId: editionReceiptId(
          editionHash(edition),
          given.map(({ receiptId }) => receiptId),
        ),
        missing,
        feeMicro: priceMicro * BigInt(given.length),
      };
    },
    openSessions: tallies.openSessions,
    close: tallies.close,
  };
}

const nodesOf = (parts: readonly EditionPart[]): NodeId[] => parts.map(({ node }) => node);
