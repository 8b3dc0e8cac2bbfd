import type { ExpertBackend } from '../backend.ts';
import type { ModelHost } from './model-host.ts';

/**
 * Opens the base encoder, which says where texts lie: all-MiniLM-L6-v2, unit vectors of 384 numbers in its own space. It is the model
 * that the expert `minilm-l6` is, loaded once for both, with one cache. Rejects as {@link ModelHost.open} does.
 */
export function openBaseEncoder(models: Pick<ModelHost, 'open'>): Promise<ExpertBackend> {
  return models.open({ kind: 'minilm', layers: 6 });
}
