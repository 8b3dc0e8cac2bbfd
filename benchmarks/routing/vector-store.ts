import { encodeTasks } from '../scoring/native-vectors.ts';
import type { RoutedExpert } from './routed-experts.ts';

/** Everybody's unit vectors of the texts, in the market's space. */
export interface VectorStore {
  readonly experts: readonly RoutedExpert[];
  /** Of a text that was named when the store was made. Kept, so do not change it. */
  vectorOf(expert: number, text: string): Float32Array;
}

/**
 * Each base model reads a text once in the life of `.bench/vectors`; what experts make of it is worked out when it
 * is asked for.
 */
export async function vectorStore(
  experts: readonly RoutedExpert[],
  texts: Iterable<string>,
): Promise<VectorStore> {
  const all = [...new Set(texts)];
  const rows = new Map(all.map((text, row) => [text, row]));
  const bases = [...new Set(experts.map(({ base }) => base))];
  const native = await encodeTasks(bases.map((expert) => ({ expert, texts: all })));
  const known = experts.map(() => new Map<string, Float32Array>());
  return {
    experts,
    vectorOf(expert, text) {
      const earlier = known[expert]!.get(text);
      if (earlier !== undefined) return earlier;
      const { base, map } = experts[expert]!;
      const vector = map(native[bases.indexOf(base)]![rows.get(text)!]!);
      known[expert]!.set(text, vector);
      return vector;
    },
  };
}
