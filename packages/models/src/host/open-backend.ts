import { MoeError, madeOnce } from '@market-of-experts/core';
import type { ExpertBackend } from '../backend.ts';
import { lexicalBackend } from '../hashing/lexical-backend.ts';
import type { MinilmPass } from '../minilm/minilm-backend.ts';
import type { MinilmLayers } from '../minilm/minilm-model-file.ts';
import { referenceBackend } from '../reference/reference-backend.ts';
import type { BackendSpec } from './backend-spec.ts';
import type { WorkerSettings } from './worker-messages.ts';

/** Opens backends on the present thread. Each MiniLM variant is loaded once, and its pass shared, until the end. */
export function backendOpener(settings: WorkerSettings): (spec: BackendSpec) => Promise<ExpertBackend> {
  const shared = new Map<MinilmLayers, () => Promise<MinilmPass>>();
  const minilm = (layers: MinilmLayers): Promise<MinilmPass> => {
    const known =
      shared.get(layers) ??
      madeOnce(async () => {
        // Native libraries are loaded where they are used only: a thread without ONNX models does without.
        const { openMinilmPass } = await import('../minilm/minilm-backend.ts');
        return openMinilmPass({ ...settings, layers });
      });
    shared.set(layers, known);
    return known();
  };

  const open = async (spec: BackendSpec): Promise<ExpertBackend> => {
    switch (spec.kind) {
      case 'minilm':
        return keptOpen((await minilm(spec.layers)).sentences);
      case 'minilm-layer':
        return keptOpen((await minilm(6)).layer(spec.layer));
      case 'residual': {
        const { readAdapterWeights } = await import('../residual/adapter-weights.ts');
        const { residualBackend } = await import('../residual/residual-backend.ts');
        return residualBackend(spec.name, (await minilm(6)).sentences, readAdapterWeights(spec.weightsFile));
      }
      case 'hashed-subword': {
        const { hashedSubwordBackend, readHashedSubwordWeights } = await import(
          '../hashing/hashed-subword-backend.ts'
        );
        return hashedSubwordBackend(spec.name, readHashedSubwordWeights(spec.weightsFile));
      }
      case 'lexical':
        return lexicalBackend();
      case 'grams': {
        const { readGramsIdf } = await import('../grams/grams-idf.ts');
        const { gramsBackend, gramsIdfFile } = await import('../grams/grams-backend.ts');
        return gramsBackend(readGramsIdf(gramsIdfFile), spec.dimensions);
      }
      case 'reference':
        return referenceBackend(spec.encoder);
      case 'static':
        return await openStatic(settings);
      case 'use-lite': {
        const { useLiteBackend } = await import('../use-lite/use-lite-backend.ts');
        return await useLiteBackend();
      }
      case 'transformers': {
        const { transformersBackend } = await import('../transformers/transformers-backend.ts');
        return await transformersBackend(spec);
      }
      case 'openai': {
        const { openAiBackend } = await import('../openai/openai-backend.ts');
        return await openAiBackend(spec);
      }
      case 'whitened': {
        const { readWhitening } = await import('../whitening/whitening-file.ts');
        const { whitenedBackend } = await import('../whitening/whitened-backend.ts');
        const whitening = readWhitening(spec.whiteningFile);
        return whitenedBackend(spec.name, await open(spec.backend), whitening);
      }
      case 'aligned': {
        const { readAlignment } = await import('../alignment/alignment-file.ts');
        const { alignedBackend } = await import('../alignment/aligned-backend.ts');
        const alignment = readAlignment(spec.alignmentFile);
        return alignedBackend(await open(spec.backend), alignment);
      }
      default:
        throw new MoeError('unknown-backend', `There is no backend of the kind ${JSON.stringify(spec)}.`);
    }
  };
  return open;
}

/** The same backend for one more user: closing it does nothing. */
function keptOpen(backend: ExpertBackend): ExpertBackend {
  return { ...backend, close: async () => {} };
}

async function openStatic({ modelsDir, intraOpThreads }: WorkerSettings): Promise<ExpertBackend> {
  const { staticWeights } = await import('../static/static-weights.ts');
  const { staticBackend } = await import('../static/static-backend.ts');
  let release = async (): Promise<void> => {};
  try {
    const weights = await staticWeights(modelsDir, async () => {
      const { encodeEntries, openMinilmSession } = await import('../minilm/minilm-session.ts');
      const session = await openMinilmSession(modelsDir, 6, intraOpThreads);
      release = session.release;
      return (start, count) => encodeEntries(session, start, count);
    });
    return staticBackend(weights);
  } finally {
    await release();
  }
}
