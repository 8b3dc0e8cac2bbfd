import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf } from '@market-of-experts/core';
import {
  applyAlignment,
  applyResidual,
  fitAlignment,
  marketExperts,
  marketSpec,
  type ReferenceEncoder,
  readAdapterWeights,
  readAlignment,
  referenceBackend,
  writeAlignment,
} from '@market-of-experts/models';
import { wordsOf } from '@market-of-experts/protocol';
import { anchorTexts, type EvaluationSet } from './evaluation-set.ts';
import { encodeTasks } from './native-vectors.ts';

/** An encoder in the market's space. */
export interface Encoder {
  readonly name: string;
  readonly group: 'catalogue' | 'reference' | 'variant' | 'specialist';
  /** What it is, in a few words. */
  readonly note: string;
  /** Unit vectors of the evaluation set's texts, by place. */
  readonly vectors: readonly Float32Array[];
}

export interface EncodersInit {
  readonly set: EvaluationSet;
  /** A market's data directory: trained specialists in it take part. */
  readonly dataDir: string | undefined;
  /** Without them only the catalogue and the reference encoders are opened. */
  readonly withVariants: boolean;
}

const founder = 'minilm-l6';
const anchorParagraphs = 900;
const firstWords = 8;

/** Catalogue, references, variants of the founder and trained specialists, in this order. */
export async function openEncoders({ set, dataDir, withVariants }: EncodersInit): Promise<Encoder[]> {
  const anchors = anchorTexts(anchorParagraphs);
  const beginnings = set.texts.map((text) => wordsOf(text).slice(0, firstWords).join(''));
  const native = await encodeTasks([
    ...marketExperts.map(({ name }) => ({ expert: name, texts: set.texts })),
    { expert: founder, texts: anchors },
    ...(withVariants ? [{ expert: founder, texts: beginnings }] : []),
  ]);
  const founderVectors = native[marketExperts.findIndex(({ name }) => name === founder)]!;
  const anchorVectors = native[marketExperts.length]!;
  const random = await referenceBackend('random').embed(set.texts);

  const fromCatalogue = marketExperts.map((expert, index): Encoder => {
    const spec = marketSpec(expert);
    const vectors = native[index]!;
    if (spec.kind !== 'aligned')
      return { name: expert.name, group: 'catalogue', note: 'the founder', vectors: vectors.map(unit) };
    const alignment = readAlignment(spec.alignmentFile);
    return {
      name: expert.name,
      group: 'catalogue',
      note: `aligned, cosine ${alignment.heldOutCosine.toFixed(2)}`,
      vectors: vectors.map((vector) => applyAlignment(alignment, vector)),
    };
  });
  const references = [
    await aligned('bag-of-words', set, anchors, anchorVectors),
    await aligned('char-4-grams', set, anchors, anchorVectors),
    { name: 'random', group: 'reference' as const, note: 'a random vector for each text', vectors: random },
    await plain('constant', 'the same number on every axis', set),
    await plain('zero', 'nothing', set),
  ];
  if (!withVariants) return [...fromCatalogue, ...references];

  const variant = (name: string, note: string, vectors: Float32Array[]): Encoder => ({
    name,
    group: 'variant',
    note,
    vectors: vectors.map(unit),
  });
  const of = (name: string): readonly Float32Array[] =>
    [...fromCatalogue, ...references].find((encoder) => encoder.name === name)!.vectors;
  const first = (count: number): Float32Array[] =>
    founderVectors.map((vector) => vector.map((value, axis) => (axis < count ? value : 0)));
  // Noise of its own for each: shared noise would let encoders recognise one another.
  const noisy = async (amount: number): Promise<Float32Array[]> => {
    const noise = await referenceBackend('random').embed(set.texts.map((text) => `${amount} ${text}`));
    return founderVectors.map((vector, text) =>
      vector.map((value, axis) => value + amount * noise[text]![axis]!),
    );
  };
  const centre = unit(meanOf(anchorVectors));
  const variants = [
    variant('l6-128-axes', 'founder, first 128 of its axes', first(128)),
    variant('l6-32-axes', 'founder, first 32 of its axes', first(32)),
    variant('l6-noise-1', 'founder and as much noise', await noisy(1)),
    variant('l6-noise-3', 'founder and three times as much noise', await noisy(3)),
    variant('l6-8-words', 'founder, reads eight words', native[marketExperts.length + 1]!),
    variant(
      'l1+4-grams',
      'mean of minilm-l1 and char-4-grams',
      of('minilm-l1').map((vector, text) => plus(vector, of('char-4-grams')[text]!)),
    ),
    variant(
      'centre',
      'the mean of all texts, for every text',
      founderVectors.map(() => centre.slice()),
    ),
  ];
  return [...fromCatalogue, ...references, ...variants, ...specialists(dataDir, founderVectors)];
}

/** A reference encoder as it would join: aligned on anchors with the founder's vectors. */
async function aligned(
  name: ReferenceEncoder,
  set: EvaluationSet,
  anchors: readonly string[],
  targets: readonly Float32Array[],
): Promise<Encoder> {
  const backend = referenceBackend(name);
  const folder = join(import.meta.dirname, '../../.bench/alignments');
  const file = join(folder, `${name}-${hashOf('moe/bench-alignment/1', anchors).slice(0, 12)}.bin`);
  if (!existsSync(file)) {
    console.error(`aligning ${name} on ${anchors.length} anchor texts …`);
    mkdirSync(folder, { recursive: true });
    // Three texts of one paragraph follow one another nearly always: folds by threes keep most of them together.
    const groups = anchors.map((_, index) => Math.floor(index / 3));
    writeAlignment(
      file,
      fitAlignment(await backend.embed(anchors), targets, { groups, lambdas: [0.03, 0.3, 3] }),
    );
  }
  const alignment = readAlignment(file);
  const vectors = (await backend.embed(set.texts)).map((vector) => applyAlignment(alignment, vector));
  return { name, group: 'reference', note: `aligned, cosine ${alignment.heldOutCosine.toFixed(2)}`, vectors };
}

async function plain(name: ReferenceEncoder, note: string, set: EvaluationSet): Promise<Encoder> {
  return { name, group: 'reference', note, vectors: await referenceBackend(name).embed(set.texts) };
}

function specialists(dataDir: string | undefined, founderVectors: readonly Float32Array[]): Encoder[] {
  const folder = join(dataDir ?? '', 'models/specialists');
  if (dataDir === undefined || !existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.bin'))
    .sort()
    .map((file) => {
      const { matrix } = readAdapterWeights(join(folder, file));
      return {
        name: file.slice(0, -'.bin'.length),
        group: 'specialist',
        note: 'residual adapter on the founder',
        vectors: founderVectors.map((vector) => applyResidual(vector, matrix)),
      };
    });
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return length > 0 ? vector.map((value) => value / length) : vector;
}

function plus(left: Float32Array, right: Float32Array): Float32Array {
  return left.map((value, axis) => value + right[axis]!);
}

function meanOf(vectors: readonly Float32Array[]): Float32Array {
  const sum = new Float32Array(vectors[0]!.length);
  for (const vector of vectors) for (let axis = 0; axis < sum.length; axis += 1) sum[axis]! += vector[axis]!;
  return sum.map((value) => value / vectors.length);
}
