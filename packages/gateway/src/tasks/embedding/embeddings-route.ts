import { type TryAnswer, tryRequestSchema } from '@market-of-experts/api/embeddings';
import type { ServeRequest } from '@market-of-experts/api/market-service';
import { MoeError } from '@market-of-experts/core';
import { float32FromBytes } from '@market-of-experts/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { invalidRequest } from '../../http/http-error.ts';
import { toJson } from '../../http/json.ts';
import { hostName } from '../../http/loopback.ts';
import type { TaskRouteComponents } from '../task-route.ts';
import { checkText, type EmbeddingsRequest, readEmbeddingsRequest } from './embeddings-request.ts';
import { writeEmbeddingsResponse } from './embeddings-response.ts';

/** Of a vector, while its request is answered: four as it comes from the market, and up to twelve as text. */
const bytesPerNumber = 16;

/** `POST /v1/embeddings`, and `POST /v1/try` for the live page when a demo key is given. */
export function registerEmbeddings(
  app: FastifyInstance,
  { service, maxInputs, serve, demoKey }: TaskRouteComponents,
): void {
  /** A market of another kind answers with something else than vectors. */
  const ours = () => service.markets().filter(({ task }) => task === 'text-embedding');
  app.post('/v1/embeddings', async (request, reply) => {
    const checked = readEmbeddingsRequest(request.body, {
      markets: ours(),
      maxInputs,
    });
    const answers = await serve(
      reply,
      toServeRequest(checked, request),
      checked.edition.dimensions * bytesPerNumber,
    );
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
      const [market] = ours();
      if (!body.success) throw invalidRequest('text', 'Send an object like {"text": "some words"}.');
      if (market === undefined) throw new MoeError('market-closed', 'No market is open yet.');
      checkText(body.data.text, 'text', market.maxTextBytes);
      const startedMs = performance.now();
      const [answer] = await serve(
        reply,
        // The page shows how experts compete.
        { account: demoAccount, market: market.id, texts: [body.data.text], mode: 'shard' },
        market.dimensions * bytesPerNumber,
      );
      reply.header('content-type', 'application/json; charset=utf-8');
      return toJson({
        receiptId: answer!.receiptId,
        edition: `${market.id}@${answer!.edition}`,
        isExamined: answer!.isExamined,
        feeMicro: answer!.feeMicro,
        tokens: answer!.tokens,
        dimensions: float32FromBytes(answer!.answer).length,
        durationMs: performance.now() - startedMs,
      } satisfies TryAnswer);
    },
  });
}

function toServeRequest(checked: EmbeddingsRequest, request: FastifyRequest): ServeRequest {
  return {
    account: request.account!,
    market: checked.market.id,
    // One for all texts, whichever is in force by then.
    edition: checked.edition.number,
    isStrict: checked.isStrict,
    texts: checked.texts,
    isTextPublic: checked.isTextPublic || request.headers['x-moe-store'] === 'true',
    ...(checked.mode === undefined ? {} : { mode: checked.mode }),
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
