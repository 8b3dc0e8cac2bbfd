import type { MarketService } from '@market-of-experts/api/market-service';
import { isMoeError, MoeError } from '@market-of-experts/core';
import type { Admission } from './admission.ts';
import type { GatewayLimits } from './limits.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { Metrics } from './metrics.ts';
import type { TaskRouteComponents } from './tasks/task-route.ts';

/** How texts come from a route to their market: as many at once as there is memory for, until the client leaves. */
export function serveTexts(components: {
  readonly service: MarketService;
  readonly limits: GatewayLimits;
  readonly admission: Admission;
  readonly memory: MemoryBudget;
  readonly metrics: Metrics;
  /** Requests at work, to abort when the gateway must close. */
  readonly inFlight: Set<AbortController>;
}): TaskRouteComponents['serve'] {
  const { service, limits, admission, memory, metrics, inFlight } = components;
  return async (reply, request, answerBytes) => {
    const textBytes = bytesOf(request.texts);
    const release = memory.take(textBytes + request.texts.length * answerBytes);
    const { socket } = reply.raw;
    // Thousands of texts may take minutes, in which nothing is sent either way.
    socket?.setTimeout(0);
    const controller = new AbortController();
    const onClose = () => controller.abort(abortedError());
    // A connection that broke while the body was read has sent its 'close' already.
    if (reply.raw.destroyed) onClose();
    reply.raw.once('close', onClose);
    inFlight.add(controller);
    try {
      await admission.enter(controller.signal);
      try {
        const answers = await service.serve({ ...request, signal: controller.signal });
        if (answers.length !== request.texts.length)
          throw new Error(`The market gave ${answers.length} answers to ${request.texts.length} texts.`);
        metrics.observeTexts(answers.length, textBytes);
        return answers;
      } finally {
        admission.leave();
      }
    } catch (error) {
      // Whatever an aborted job throws, the client is gone.
      if (controller.signal.aborted && !isMoeError(controller.signal.reason, 'market-closed'))
        throw abortedError();
      throw controller.signal.aborted ? controller.signal.reason : error;
    } finally {
      inFlight.delete(controller);
      reply.raw.off('close', onClose);
      socket?.setTimeout(limits.socketTimeoutMs);
      release();
    }
  };
}

function abortedError(): MoeError {
  return new MoeError('request-aborted', 'The client closed the connection before the answer was ready.');
}

function bytesOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}
