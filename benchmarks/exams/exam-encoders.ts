import { referenceBackend } from '@market-of-experts/models';
import { quantise } from '@market-of-experts/protocol';
import { encodeTasks } from '../scoring/native-vectors.ts';

/** An expert in its own space: what it seals for each text of the set, by place. */
export interface ExamEncoder {
  readonly name: string;
  readonly vectors: readonly Int16Array[];
}

/** Of the catalogue, one of each family and its relatives; the others differ in size alone. */
const names = [
  'minilm-l6',
  'minilm-l3',
  'minilm-l1',
  'minilm-l1-idf',
  'lexical',
  'use-lite',
  'static',
  'grams-1024',
];

/** Experts of the catalogue and the reference encoders, each in its own space and dimension. */
export async function openExamEncoders(texts: readonly string[]): Promise<ExamEncoder[]> {
  const native = await encodeTasks(names.map((expert) => ({ expert, texts })));
  const references = ['char-4-grams', 'bag-of-words', 'random', 'constant'] as const;
  const others = await Promise.all(
    references.map(async (name) => ({ name, vectors: await referenceBackend(name).embed(texts) })),
  );
  return [...names.map((name, index) => ({ name, vectors: native[index]! })), ...others].map(
    ({ name, vectors }) => ({ name, vectors: vectors.map((vector) => quantise(unitOf(vector))) }),
  );
}

/** Vectors side by side, each times the root of its weight: one expert that is several. */
export function union(
  name: string,
  parts: readonly { readonly encoder: ExamEncoder; readonly weight: number }[],
): ExamEncoder {
  return derived(name, parts[0]!.encoder, (_, text) =>
    parts.flatMap(({ encoder, weight }) =>
      Array.from(encoder.vectors[text]!, (value) => Math.sqrt(weight) * value),
    ),
  );
}

/** The encoder with its vectors changed, brought back to unit length. */
export function derived(
  name: string,
  { vectors }: ExamEncoder,
  change: (vector: Int16Array, text: number) => ArrayLike<number>,
): ExamEncoder {
  return {
    name,
    vectors: vectors.map((vector, text) => quantise(unitOf(Float32Array.from(change(vector, text))))),
  };
}

function unitOf(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return length === 0 ? vector : vector.map((value) => value / length);
}
