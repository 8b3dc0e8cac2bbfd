import { join } from 'node:path';
import {
  applyAlignment,
  applyResidual,
  createModelHost,
  marketExperts,
  marketSpec,
  readAdapterWeights,
  readAlignment,
} from '@market-of-experts/models';
import { specialistDomains, type TextKind, trainSpecialist } from '@market-of-experts/training';
import { progressBar } from '../scoring/progress.ts';

export const benchFolder = join(import.meta.dirname, '../../.bench');
const founder = 'minilm-l6';

/** An expert of the benchmark: its vectors are a function of one native model's. */
export interface RoutedExpert {
  readonly name: string;
  /** Catalogue name of the model that reads the text. */
  readonly base: string;
  /** From the base model's vector to a unit vector in the market's space. */
  readonly map: (vector: Float32Array) => Float32Array;
}

/** The given experts of the catalogue, in the market's space. */
export function catalogueExperts(names: readonly string[]): RoutedExpert[] {
  return names.map((name) => {
    const spec = marketSpec(marketExperts.find((expert) => expert.name === name)!);
    if (spec.kind !== 'aligned') return { name, base: name, map: unit };
    const alignment = readAlignment(spec.alignmentFile);
    return { name, base: name, map: (vector) => applyAlignment(alignment, vector) };
  });
}

/** The specialists of `moe up` for these kinds, trained at the first run (about a minute each) and kept in `.bench/routing`. */
export async function specialistExperts(kinds: readonly TextKind[]): Promise<RoutedExpert[]> {
  const host = createModelHost({ modelsDir: join(benchFolder, 'models') });
  const domains = specialistDomains().filter(({ kind }) => kinds.includes(kind));
  const tick = progressBar('specialists', domains.length);
  try {
    const backend = await host.open(marketExperts.find(({ name }) => name === founder)!.native);
    const experts: RoutedExpert[] = [];
    for (const domain of domains) {
      const { weightsFile } = await trainSpecialist({
        domain,
        dataDir: join(benchFolder, 'routing'),
        backend,
      });
      experts.push(residualExpert(domain.name, readAdapterWeights(weightsFile).matrix));
      tick(1);
    }
    return experts;
  } finally {
    await host.close();
  }
}

export function residualExpert(name: string, matrix: Float32Array): RoutedExpert {
  return { name, base: founder, map: (vector) => applyResidual(unit(vector), matrix) };
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return length > 0 ? vector.map((value) => value / length) : vector;
}
