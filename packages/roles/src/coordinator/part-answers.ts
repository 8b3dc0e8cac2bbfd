import { type Clock, hashOf } from '@market-of-experts/core';
import type { Edition, EditionPart } from '@market-of-experts/protocol';
import { paidAnswers } from './paid-answers.ts';
import type { RoutedAnswer } from './routed-messages.ts';
import type { TextRequest } from './text-request.ts';

/** What the parts of an edition have answered to one text, in this try or an earlier one that failed. */
export interface PartAnswers {
  of(part: EditionPart): RoutedAnswer | undefined;
  add(part: EditionPart, answer: RoutedAnswer): void;
  /** The text is not served: what has been answered, and what is still to come, is there for the next try. */
  keep(): void;
}

/** Each part is paid once for a text, however often its client must try. */
export interface PaidParts {
  has(request: TextRequest, edition: Edition, part: EditionPart): boolean;
  /** Hands out what is paid. It is for this try alone, which keeps it again where it fails. */
  take(request: TextRequest, edition: Edition): PartAnswers;
}

export function paidParts(clock: Pick<Clock, 'nowMs'>): PaidParts {
  const paid = paidAnswers<RoutedAnswer>(clock);
  const keyOf = (request: TextRequest, { number }: Edition, { node }: EditionPart): string => {
    const { account, kind, isTextPublic, text } = request;
    return hashOf('moe/paid-part/1', [account, kind, isTextPublic, text, number, node]);
  };
  return {
    has: (request, edition, part) => paid.size > 0 && paid.has(keyOf(request, edition, part)),
    take(request, edition) {
      const answers = new Map<EditionPart, RoutedAnswer>();
      let isKept = false;
      if (paid.size > 0)
        for (const part of edition.parts) {
          const answer = paid.take(keyOf(request, edition, part));
          if (answer !== undefined) answers.set(part, answer);
        }
      return {
        of: (part) => answers.get(part),
        add(part, answer) {
          if (isKept) paid.keep(keyOf(request, edition, part), answer);
          else answers.set(part, answer);
        },
        keep() {
          isKept = true;
          for (const [part, answer] of answers) paid.keep(keyOf(request, edition, part), answer);
          answers.clear();
        },
      };
    },
  };
}
