import { endianness } from 'node:os';
import type { ServedText } from '@market-of-experts/api/market-service';
import { float32FromBytes } from '@market-of-experts/protocol';
import { toJson } from '../../http/json.ts';
import type { EmbeddingsRequest } from './embeddings-request.ts';

/** Vectors written between two turns of the event loop, so that a large answer does not hold up others. */
const vectorsPerTurn = 64;

/** The JSON of an answer in OpenAI's shape, with the receipts and the sum of the fees under `moe`. */
export async function writeEmbeddingsResponse(
  request: EmbeddingsRequest,
  answers: readonly ServedText[],
): Promise<string> {
  const parts: string[] = [];
  let tokens = 0;
  let feeMicro = 0n;
  for (const [index, answer] of answers.entries()) {
    if (index > 0 && index % vectorsPerTurn === 0) await new Promise(setImmediate);
    tokens += answer.tokens;
    feeMicro += answer.feeMicro;
    const vector = shorten(float32FromBytes(answer.answer), request.dimensions);
    const embedding = request.encoding === 'base64' ? `"${toBase64(vector)}"` : toJson(Array.from(vector));
    parts.push(`{"object":"embedding","index":${index},"embedding":${embedding}}`);
  }
  const rest = toJson({
    model: request.market.id,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
    moe: { receipts: answers.map((answer) => answer.receiptId), feeMicro },
  });
  return `{"object":"list","data":[${parts.join(',')}],${rest.slice(1)}`;
}

/** The first `dimensions` numbers of a vector, scaled back to unit length. */
export function shorten(vector: Float32Array, dimensions: number): Float32Array {
  if (dimensions === vector.length) return vector;
  const prefix = vector.slice(0, dimensions);
  let square = 0;
  for (const value of prefix) square += value * value;
  if (square === 0) return prefix;
  const scale = 1 / Math.sqrt(square);
  return prefix.map((value) => value * scale);
}

/** float32, little-endian, in base64: what OpenAI's clients ask for and decode. */
function toBase64(vector: Float32Array): string {
  const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
  return (endianness() === 'LE' ? bytes : Buffer.from(bytes).swap32()).toString('base64');
}
