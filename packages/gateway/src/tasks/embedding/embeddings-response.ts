import { endianness } from 'node:os';
import type { ServedText } from '@market-of-experts/api/market-service';
import { float32FromBytes, int8Vector, signBits } from '@market-of-experts/protocol';
import { toJson } from '../../http/json.ts';
import type { EmbeddingsRequest } from './embeddings-request.ts';
import { paced } from './paced.ts';
import { shortened } from './shortened.ts';

/** Work of a number that is written as text, in about nanoseconds. */
const numberWork = 160;

/** The JSON of an answer in OpenAI's shape, with edition, receipts and the sum of the fees under `moe`. */
export async function writeEmbeddingsResponse(
  request: EmbeddingsRequest,
  answers: readonly ServedText[],
): Promise<string> {
  const { edition, dimensions, encoding } = request;
  const pace = paced();
  const data: string[] = [];
  let tokens = 0;
  let feeMicro = 0n;
  for (const [index, answer] of answers.entries()) {
    tokens += answer.tokens;
    feeMicro += answer.feeMicro;
    const vector = await shortened(edition, float32FromBytes(answer.answer), dimensions, pace);
    data.push(`{"object":"embedding","index":${index},"embedding":${encodings[encoding](vector)}}`);
    await pace.done(dimensions * numberWork);
  }
  const nameOf = new Map(edition.parts.map(({ id, name }) => [id, name]));
  const rest = toJson({
    model: request.market.id,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
    moe: {
      edition: edition.name,
      missing: answers.flatMap(({ missing }, index) =>
        missing.map((id) => ({ index, id, name: nameOf.get(id) ?? '' })),
      ),
      receipts: answers.map((answer) => answer.receiptId),
      feeMicro,
    },
  });
  return `{"object":"list","data":[${data.join(',')}],${rest.slice(1)}`;
}

/** JSON of a vector in each encoding. */
const encodings: Readonly<Record<EmbeddingsRequest['encoding'], (vector: Float32Array) => string>> = {
  float: (vector) => toJson(Array.from(vector)),
  base64: (vector) => `"${toBase64(vector)}"`,
  int8: (vector) => `[${int8Vector(vector, [vector.length]).numbers.join(',')}]`,
  binary: (vector) => `[${signBits(vector).join(',')}]`,
};

/** float32, little-endian, in base64: what OpenAI's clients ask for and decode. */
function toBase64(vector: Float32Array): string {
  const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
  return (endianness() === 'LE' ? bytes : Buffer.from(bytes).swap32()).toString('base64');
}
