import { type TryAnswer, tryRequestSchema } from '@market-of-experts/api/embeddings';
import type { EmbeddedText, EmbedRequest, MarketService } from '@market-of-experts/api/market-service';
import { isMoeError, MoeError } from '@market-of-experts/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Admission } from './admission.ts';
import { checkText, type EmbeddingsRequest, readEmbeddingsRequest } from './embeddings-request.ts';
import { writeEmbeddingsResponse } from './embeddings-response.ts';
import { invalidRequest } from './http-error.ts';
import { toJson } from './json.ts';
import type { GatewayLimits } from './limits.ts';
import { hostName } from './loopback.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { Metrics } from './metrics.ts';

/** Of a vector, while its request is answered: four as it comes from the market, and up to twelve as text. */
const bytesPerNumber = 16;

/** `POST /v1/embeddings`, and `POST /v1/try` for the live page when a demo key is given. */
export function registerEmbeddings(
  app: FastifyInstance,
  components: {
    readonly service: MarketService;
    readonly limits: GatewayLimits;
    readonly admission: Admission;
    readonly memory: MemoryBudget;
    readonly metrics: Metrics;
    /** Requests at work, to abort when the gateway must close. */
    readonly inFlight: Set<AbortController>;
    readonly demoKey: string | undefined;
  },
): void {
  const { service, limits, admission, memory, metrics, inFlight, demoKey } = components;

  const embed = async (
    reply: FastifyReply,
    request: EmbedRequest,
    dimensions: number,
  ): Promise<readonly EmbeddedText[]> => {
    const textBytes = bytesOf(request.texts);
    const release = memory.take(textBytes + request.texts.length * dimensions * bytesPerNumber);
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
        const answers = await service.embed({ ...request, signal: controller.signal });
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

  app.post('/v1/embeddings', async (request, reply) => {
    const checked = readEmbeddingsRequest(request.body, {
      markets: service.markets(),
      maxInputs: limits.maxInputs,
    });
    const answers = await embed(reply, toEmbedRequest(checked, request), checked.market.dimensions);
    if (checked.isSingle) reply.header('x-moe-receipt', answers[0]!.receiptId);
    reply.header('content-type', 'application/json; charset=utf-8');
    return writeEmbeddingsResponse(checked, answers);
  });

  if (demoKey === undefined) return;
  const demoAccount = service.authenticate(demoKey);
  if (demoAccount === undefined)
    throw new MoeError('unknown-key', 'The demo key is not known to the market.');
  app.post('/v1/try', {
    onRequest: async (request) => {
      refuseOtherOrigins(request);
    },
    handler: async (request, reply) => {
      const body = tryRequestSchema.safeParse(request.body);
      const market = service.markets()[0];
      if (!body.success) throw invalidRequest('text', 'Send an object like {"text": "some words"}.');
      if (market === undefined) throw new MoeError('market-closed', 'No market is open yet.');
      checkText(body.data.text, 'text', market.maxTextBytes);
      const startedMs = performance.now();
      const [answer] = await embed(
        reply,
        { account: demoAccount, market: market.id, texts: [body.data.text] },
        market.dimensions,
      );
      reply.header('content-type', 'application/json; charset=utf-8');
      return toJson({
        receiptId: answer!.receiptId,
        mode: answer!.mode,
        feeMicro: answer!.feeMicro,
        tokens: answer!.tokens,
        dimensions: answer!.vector.length,
        durationMs: performance.now() - startedMs,
      } satisfies TryAnswer);
    },
  });
}

function toEmbedRequest(checked: EmbeddingsRequest, request: FastifyRequest): EmbedRequest {
  return {
    account: request.account!,
    market: checked.market.id,
    texts: checked.texts,
    isTextPublic: checked.isTextPublic || request.headers['x-moe-store'] === 'true',
    ...(checked.mode === undefined ? {} : { mode: checked.mode }),
    ...(checked.delivery === undefined ? {} : { delivery: checked.delivery }),
    ...(checked.maxFeeMicro === undefined ? {} : { maxFeeMicro: checked.maxFeeMicro }),
  };
}

/** `/v1/try` spends without a key, so a page of another site must not be able to call it. */
function refuseOtherOrigins(request: FastifyRequest): void {
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const isSameOrigin =
    (origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)) &&
    (site === undefined || site === 'same-origin' || site === 'none');
  if (!isSameOrigin)
    throw new MoeError(
      'forbidden-origin',
      `Only the live page of ${hostName(host ?? '')} may use this address. Use POST /v1/embeddings with a key.`,
    );
}

function abortedError(): MoeError {
  return new MoeError('request-aborted', 'The client closed the connection before the answer was ready.');
}

function bytesOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}
