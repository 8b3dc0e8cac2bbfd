import { type BackendSpec, catalogue, createModelHost } from '@market-of-experts/models';
import { quantise } from '@market-of-experts/protocol';
import { benchFolder } from '../scoring/bench-folder.ts';
import { encodeTasks } from '../scoring/native-vectors.ts';

/** An expert that answers in its own space. */
export interface OwnSpaceExpert {
  readonly name: string;
  readonly dimensions: number;
  readonly native: BackendSpec;
}

/** Vectors are kept, so do not change them. */
export interface OwnSpaces {
  readonly experts: readonly OwnSpaceExpert[];
  dimensionsOf(expert: string): number;
  /** Of unit length, of a text that was named when the experts were opened. */
  vectorOf(expert: string, text: string): Float32Array;
  /** As it is sealed in an exam. */
  sealedOf(expert: string, text: string): Int16Array;
}

/** The catalogue without what is made of its founder's vectors. */
export const ownSpaceExperts: readonly OwnSpaceExpert[] = catalogue.filter(({ name }) => name !== 'static');

/** Grams are encoded anew, which takes seconds; models read a text once in the life of `.bench/vectors`. */
export async function openOwnSpaces(
  experts: readonly OwnSpaceExpert[],
  texts: readonly string[],
): Promise<OwnSpaces> {
  const all = [...new Set(texts)];
  const rows = new Map(all.map((text, row) => [text, row]));
  const isModel = ({ native }: OwnSpaceExpert): boolean => native.kind !== 'grams';
  const models = experts.filter(isModel);
  const read = await encodeTasks(models.map(({ name }) => ({ expert: name, texts: all })));
  const counted = await Promise.all(
    experts.filter((expert) => !isModel(expert)).map((expert) => embedNow(expert, all)),
  );
  const native = new Map([
    ...models.map(({ name }, index) => [name, read[index]!] as const),
    ...experts
      .filter((expert) => !isModel(expert))
      .map(({ name }, index) => [name, counted[index]!] as const),
  ]);
  const units = new Map([...native].map(([name, vectors]) => [name, vectors.map(unitOf)]));
  const sealed = new Map(experts.map(({ name }) => [name, new Map<string, Int16Array>()]));
  const vectorOf = (expert: string, text: string): Float32Array => units.get(expert)![rows.get(text)!]!;
  return {
    experts,
    dimensionsOf: (expert) => experts.find(({ name }) => name === expert)!.dimensions,
    vectorOf,
    sealedOf: (expert, text) => {
      const known = sealed.get(expert)!;
      const earlier = known.get(text);
      if (earlier !== undefined) return earlier;
      const vector = quantise(vectorOf(expert, text));
      known.set(text, vector);
      return vector;
    },
  };
}

/** Encoded by its backend, opened for this, in batches of so many. */
export async function embedNow(
  { native }: OwnSpaceExpert,
  texts: readonly string[],
  batchTexts = texts.length,
): Promise<Float32Array[]> {
  const host = createModelHost({ modelsDir: `${benchFolder}/models` });
  try {
    const backend = await host.open(native);
    const vectors: Float32Array[] = [];
    for (let start = 0; start < texts.length; start += batchTexts)
      vectors.push(...(await backend.embed(texts.slice(start, start + batchTexts))));
    return vectors;
  } finally {
    await host.close();
  }
}

function unitOf(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return length > 0 ? vector.map((value) => value / length) : vector;
}
