import type { ExpertBackend } from './backend.ts';
import { requestAborted } from './backend-errors.ts';

const textsPerTurn = 64;

/** A backend around a plain function of one text. Long calls let other work pass every 64 texts. */
export function functionBackend(
  name: string,
  dimensions: number,
  encode: (text: string) => Float32Array,
): ExpertBackend {
  return {
    name,
    dimensions,
    embed: async (texts, options) => {
      const vectors: Float32Array[] = [];
      for (const [index, text] of texts.entries()) {
        if (index % textsPerTurn === 0) {
          if (index > 0) await new Promise((resolve) => setImmediate(resolve));
          if (options?.signal?.aborted) throw requestAborted();
        }
        vectors.push(encode(text));
      }
      return vectors;
    },
    close: async () => {},
  };
}
