import { hash } from 'node:crypto';
import { MoeError } from '@market-of-experts/core';
import type { ExpertBackend } from '@market-of-experts/models';
import { int8Direction, quantise } from '@market-of-experts/protocol';

/** Says where texts lie, by a small public model: anybody who has a text can repeat it. */
export interface BaseEncoder {
  /** Of the model. */
  readonly name: string;
  readonly dimensions: number;
  /**
   * The direction of each text in 127ths, a two's-complement byte for each dimension; the same bytes may be given to others and must not be
   * changed. Rejects with `limit-reached` for more than {@link mostPositions} texts, `request-aborted`, and as the model does.
   */
  positions(texts: readonly string[], signal?: AbortSignal): Promise<readonly Uint8Array[]>;
}

/** Texts of one call at most: those of one list of an exam. */
export const mostPositions = 192;
/** Positions that are remembered, the last used ones: 2 MB of 384 numbers each. */
const mostRemembered = 4_096;

/** @param backend a model whose vectors are of unit length. It stays the caller's to close. */
export function baseEncoder(backend: ExpertBackend): BaseEncoder {
  // By the hash of the text: a long one is not held for its position.
  const known = new Map<string, Uint8Array>();
  const remember = (key: string, position: Uint8Array): void => {
    known.delete(key);
    known.set(key, position);
    if (known.size > mostRemembered) known.delete(known.keys().next().value!);
  };
  return {
    name: backend.name,
    dimensions: backend.dimensions,
    async positions(texts, signal) {
      if (texts.length > mostPositions)
        throw new MoeError(
          'limit-reached',
          `The positions of ${texts.length} texts were asked for at once; ask for ${mostPositions} at most.`,
        );
      const keys = texts.map((text) => hash('sha256', text, 'base64'));
      const found = new Map<string, Uint8Array>();
      const missing = new Map<string, string>();
      for (const [index, key] of keys.entries()) {
        const position = known.get(key);
        if (position === undefined) missing.set(key, texts[index]!);
        else found.set(key, position);
      }
      if (missing.size > 0) {
        const vectors = await backend.embed([...missing.values()], signal === undefined ? {} : { signal });
        if (vectors.length !== missing.size || vectors.some(({ length }) => length !== backend.dimensions))
          throw new MoeError(
            'backend-invalid-output',
            `${backend.name}, which says where texts lie, gave other vectors than it was asked for.`,
          );
        for (const [index, key] of [...missing.keys()].entries())
          found.set(key, int8Direction(Int32Array.from(quantise(vectors[index]!))));
      }
      return keys.map((key) => {
        const position = found.get(key)!;
        remember(key, position);
        return position;
      });
    },
  };
}
