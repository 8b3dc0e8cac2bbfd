import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { MoeError } from '@moe/core';

/** Reads a JSON body within its bounds, in the form of a Fastify content-type parser. */
export type BodyReader = (
  request: {
    readonly headers: IncomingMessage['headers'];
    readonly routeOptions?: { readonly bodyLimit?: number };
  },
  payload: IncomingMessage,
  done: (error: Error | null, body?: unknown) => void,
) => void;

/**
 * Bodies are read here and not by the library so that a client that sends too much still receives its 413:
 * the rest is read and thrown away (bounded by the request timeout) instead of resetting the connection.
 */
export function createBodyReader(limits: {
  readonly maxBodyBytes: number;
  readonly maxBufferedBodyBytes: number;
}): BodyReader {
  let bufferedBytes = 0;

  return (request, payload, done) => {
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity')
      return done(
        new MoeError('unsupported-media-type', 'Compressed bodies are not read. Send the JSON as it is.'),
      );
    const maxBytes = Math.min(limits.maxBodyBytes, request.routeOptions?.bodyLimit ?? limits.maxBodyBytes);
    if (Number(request.headers['content-length']) > maxBytes) return done(tooLarge(maxBytes));

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
      if (bytes > maxBytes) return finish(tooLarge(maxBytes));
      if (bufferedBytes > limits.maxBufferedBodyBytes)
        return finish(
          new MoeError('queue-full', 'Too many large requests arrive at once. Try again in a moment.', {
            isRetryable: true,
          }),
        );
      chunks.push(chunk);
    };
    const onEnd = () => {
      const parsed = parseJson(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
      if (parsed instanceof MoeError) finish(parsed);
      else finish(null, parsed.value);
    };
    const onClose = () => finish(new MoeError('request-aborted', 'The body ended before it was complete.'));
    payload.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  };
}

function parseJson(buffer: Buffer): { readonly value: unknown } | MoeError {
  if (!isUtf8(buffer))
    return new MoeError(
      'invalid-json',
      'The body is not UTF-8. Send JSON encoded as UTF-8, not binary data.',
    );
  try {
    return { value: JSON.parse(buffer.toString('utf8')) };
  } catch {
    return new MoeError(
      'invalid-json',
      'The body is not valid JSON. Send an object like {"model": "text-embedding", "input": "some text"}.',
    );
  }
}

function tooLarge(maxBytes: number): MoeError {
  return new MoeError(
    'body-too-large',
    `The body is larger than ${maxBytes} bytes. Send the texts in several requests.`,
  );
}
