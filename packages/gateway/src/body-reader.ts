import type { IncomingMessage } from 'node:http';
import { type AccountId, MoeError } from '@market-of-experts/core';
import { type JsonBounds, readJson } from './read-json.ts';

/** Reads a JSON body within its bounds, in the form of a Fastify content-type parser. */
export type BodyReader = (
  request: {
    readonly headers: IncomingMessage['headers'];
    readonly routeOptions?: { readonly bodyLimit?: number };
    /** Undefined for a request without a key, of which less is read. */
    readonly account: AccountId | undefined;
  },
  payload: IncomingMessage,
  done: (error: Error | null, body?: unknown) => void,
) => void;

/**
 * Bodies are read here and not by the library so that a client that sends too much still receives its 413:
 * the rest is read and thrown away (bounded by the request timeout) instead of resetting the connection.
 */
export function createBodyReader(
  limits: JsonBounds & {
    readonly maxBodyBytes: number;
    readonly maxKeylessBodyBytes: number;
    readonly maxBufferedBodyBytes: number;
  },
): BodyReader {
  let bufferedBytes = 0;

  return (request, payload, done) => {
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity')
      return done(
        new MoeError('unsupported-media-type', 'Compressed bodies are not read. Send the JSON as it is.'),
      );
    const isKeyed = request.account !== undefined;
    const maxBytes = Math.min(
      isKeyed ? limits.maxBodyBytes : limits.maxKeylessBodyBytes,
      request.routeOptions?.bodyLimit ?? limits.maxBodyBytes,
    );
    const tooLarge = () => tooLargeError(maxBytes, isKeyed);
    if (Number(request.headers['content-length']) > maxBytes) return done(tooLarge());

    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = (error: Error | null, body?: unknown) => {
      payload.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      bufferedBytes -= bytes;
      payload.resume();
      done(error, body);
    };
    const onData = (chunk: Buffer) => {
      bytes += chunk.length;
      bufferedBytes += chunk.length;
      if (bytes > maxBytes) return finish(tooLarge());
      if (bufferedBytes > limits.maxBufferedBodyBytes)
        return finish(
          new MoeError('queue-full', 'Too many large requests arrive at once. Try again in a moment.', {
            isRetryable: true,
          }),
        );
      chunks.push(chunk);
    };
    const onEnd = () => {
      let body: unknown;
      try {
        body = readJson(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks), limits);
      } catch (error) {
        return finish(error as MoeError);
      }
      finish(null, body);
    };
    const onClose = () => finish(new MoeError('request-aborted', 'The body ended before it was complete.'));
    payload.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  };
}

function tooLargeError(maxBytes: number, isKeyed: boolean): MoeError {
  return new MoeError(
    'body-too-large',
    `The body is larger than ${maxBytes} bytes. ${isKeyed ? 'Send the texts in several requests.' : 'More is read of requests with an API key only.'}`,
  );
}
