import type { MinilmLayers } from '../minilm/minilm-model-file.ts';
import type { EarlyLayer } from '../minilm/minilm-onnx.ts';
import type { OpenAiBackendInit } from '../openai/openai-backend.ts';
import type { ReferenceEncoder } from '../reference/reference-backend.ts';
import type { TransformersBackendInit } from '../transformers/transformers-backend.ts';

/** What to open, as plain data that crosses threads and files. */
export type BackendSpec =
  | { readonly kind: 'minilm'; readonly layers: MinilmLayers }
  /** States of an early layer, from the same pass as MiniLM-L6. */
  | { readonly kind: 'minilm-layer'; readonly layer: EarlyLayer }
  /** A specialist on MiniLM-L6: weights written by `writeAdapterWeights`. */
  | { readonly kind: 'residual'; readonly name: string; readonly weightsFile: string }
  /** Weights written by `writeHashedSubwordWeights`. */
  | { readonly kind: 'hashed-subword'; readonly name: string; readonly weightsFile: string }
  | { readonly kind: 'lexical' }
  | { readonly kind: 'grams'; readonly dimensions: number }
  /** Made on first use, which takes 10 to 20 s of its own thread. */
  | { readonly kind: 'static' }
  | { readonly kind: 'use-lite' }
  | { readonly kind: 'reference'; readonly encoder: ReferenceEncoder }
  | ({ readonly kind: 'openai' } & OpenAiBackendInit)
  | ({ readonly kind: 'transformers' } & TransformersBackendInit)
  /** Another backend, its vectors centred and softly whitened by a file of `writeWhitening`. */
  | {
      readonly kind: 'whitened';
      readonly name: string;
      readonly backend: BackendSpec;
      readonly whiteningFile: string;
    }
  /** Another backend, its vectors brought into the market's space by a file of `writeAlignment`. */
  | { readonly kind: 'aligned'; readonly backend: BackendSpec; readonly alignmentFile: string };

/**
 * Where a backend runs. `main`: it only waits for a server. Slow models have a thread of their own, so that
 * they do not hold up the fast ones.
 */
export type Lane = 'main' | 'models' | 'static' | 'use-lite' | 'transformers';

export function laneOf(spec: BackendSpec): Lane {
  switch (spec.kind) {
    case 'aligned':
    case 'whitened':
      return laneOf(spec.backend);
    case 'openai':
      return 'main';
    case 'static':
    case 'use-lite':
    case 'transformers':
      return spec.kind;
    default:
      return 'models';
  }
}
