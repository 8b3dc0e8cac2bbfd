import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { receiptIdCharacters } from '@market-of-experts/api/embeddings';
import { isMoeError, MoeError } from '@market-of-experts/core';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { createBodyReader } from './body-reader.ts';
import { toHttpError } from './http/http-error.ts';
import { toJson } from './http/json.ts';
import type { GatewayLimits } from './limits.ts';

const maxHeaderBytes = 16 * 1024;

export interface HttpObserver {
  /** Told of every answer with status 500. */
  reportError(error: unknown, requestId: string): void;
  /** The client closed the connection before its answer was sent. */
  clientLeft(request: FastifyRequest, reply: FastifyReply): void;
}

/** A Fastify instance with our bounds, our way to read bodies and OpenAI's shape of errors; no routes yet. */
export function createHttpServer(limits: GatewayLimits, observer: HttpObserver): FastifyInstance {
  const run = randomBytes(6).toString('hex');
  let count = 0;
  const nextRequestId = (): string => {
    count += 1;
    return `req_${run}${count.toString(36)}`;
  };
  const app = fastify({
    http: {
      headersTimeout: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs),
      connectionsCheckingInterval: Math.min(1_000, limits.headersTimeoutMs, limits.requestTimeoutMs),
      maxHeaderSize: maxHeaderBytes,
    },
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionTimeout: limits.socketTimeoutMs,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: receiptIdCharacters },
    // The body reader counts, and answers without resetting the connection.
    bodyLimit: Number.MAX_SAFE_INTEGER,
    genReqId: nextRequestId,
    clientErrorHandler: (error, socket) => answerBrokenRequest(error, socket, nextRequestId()),
    frameworkErrors: (error, request, reply) => {
      sendError(error, request, reply, observer);
    },
  });
  app.server.maxConnections = limits.maxConnections;
  app.server.on('checkExpectation', (_request, response) => refuseExpectation(response, nextRequestId()));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', createBodyReader(limits));
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply, observer));
  return app;
}

function sendError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  observer: HttpObserver,
): FastifyReply {
  const { status, body, retryAfterSeconds, isExpected } = toHttpError(error);
  if (!isExpected) observer.reportError(error, request.id);
  if (reply.raw.destroyed) observer.clientLeft(request, reply);
  // The library closes after a bad body; a client that is still sending would never read our answer.
  if (!isMoeError(error, 'market-closed')) reply.removeHeader('connection');
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
  return reply.code(status).header('content-type', 'application/json; charset=utf-8').send(toJson(body));
}

/** What arrives and is no HTTP request, or stops in the middle, has no route: answer on the bare socket. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket, requestId: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const { reason, cause } = explainBrokenRequest(error.code);
  const { status, body } = toHttpError(cause);
  const text = toJson(body);
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/json; charset=utf-8\r\nx-request-id: ${requestId}\r\n` +
      `content-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
  );
  socket.destroySoon();
}

/** Nothing but `100-continue` can be expected of us. */
function refuseExpectation(response: ServerResponse<IncomingMessage>, requestId: string): void {
  const { status, body } = toHttpError(
    new MoeError(
      'expectation-failed',
      'The header "expect" asks for something else than "100-continue". Leave it out.',
    ),
  );
  const text = toJson(body);
  response
    .writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
      'x-request-id': requestId,
      connection: 'close',
    })
    .end(text);
}

function explainBrokenRequest(code: string | undefined): { reason: string; cause: MoeError } {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return {
      reason: 'Request Timeout',
      cause: new MoeError('request-timeout', 'The request did not arrive in time. Send it again.'),
    };
  if (code === 'HPE_HEADER_OVERFLOW')
    return {
      reason: 'Request Header Fields Too Large',
      cause: new MoeError('headers-too-large', `The headers are larger than ${maxHeaderBytes} bytes.`),
    };
  return {
    reason: 'Bad Request',
    cause: new MoeError('invalid-request', 'This is not a well-formed HTTP/1.1 request.'),
  };
}
