import { decode, encode, MoeError, type NodeId } from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';
import type { z } from 'zod';

/** Sends encoded bytes (once encoded, sent to many) and reads the typed answer; malformed answers reject. */
export async function call<Answer>(
  transport: Transport,
  to: NodeId,
  protocol: string,
  request: Uint8Array,
  answer: z.ZodType<Answer>,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<Answer> {
  return decode(await transport.request(to, protocol, request, options), answer);
}

/** Serves one protocol: parses the request at the edge, encodes the answer. */
export function serve<Request>(
  transport: Transport,
  protocol: string,
  schema: z.ZodType<Request>,
  handler: (request: Request, from: NodeId, signal: AbortSignal) => Promise<unknown>,
): void {
  transport.handle(protocol, async (bytes, { from, signal }) =>
    encode(await handler(decode(bytes, schema), from, signal)),
  );
}

/** Constant for what strangers may see of a refusal. */
export function refuse(message: string): never {
  throw new MoeError('message-refused', message);
}
