import type { ServedText } from '@market-of-experts/api/market-service';
import { isMoeError, MoeError, type NodeId } from '@market-of-experts/core';
import { routedMessages } from './routed-messages.ts';
import type { RoutedSession } from './routed-session.ts';
import { type RoutingComponents, routedTallies } from './routed-tallies.ts';
import { feeWithin, type TextRequest } from './text-request.ts';

/** Routed mode: one round trip to the historically best expert; work is signed for together, in tallies. */
export interface Routing {
  /** Asks the first of these experts, the next when one does not answer. */
  route(request: TextRequest, bytes: number, experts: readonly NodeId[]): Promise<ServedText>;
  /** Tallies that are still open, or being signed and kept. */
  openSessions(): readonly RoutedSession[];
  /** Closes all tallies and waits for them. */
  close(): Promise<void>;
}

/** Experts that are asked one after the other before a request fails. */
const maxExpertsAsked = 3;

export function createRouting(components: RoutingComponents): Routing {
  const tallies = routedTallies(components);
  const messages = routedMessages(components, tallies);

  const route: Routing['route'] = async (request, bytes, experts) => {
    const feeMicro = feeWithin(request, bytes, components.view);
    let lastError: unknown;
    for (const worker of experts.slice(0, maxExpertsAsked))
      try {
        const answer = await messages.ask(worker, { request, bytes, feeMicro });
        return { ...answer, mode: 'route', feeMicro, tokens: components.countTokens(request.text) };
      } catch (error) {
        if (request.signal.aborted || isMoeError(error, 'insufficient-funds')) throw error;
        lastError = error;
      }
    throw new MoeError('no-quorum', 'No expert answered. Nothing was charged. Try again.', {
      isRetryable: true,
      cause: lastError,
    });
  };

  return { route, openSessions: tallies.openSessions, close: tallies.close };
}
