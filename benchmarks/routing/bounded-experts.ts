import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf } from '@market-of-experts/core';
import { readAdapterWeights, writeAdapterWeights } from '@market-of-experts/models';
import { mixVectors } from '@market-of-experts/protocol';
import { type AdapterTask, adapterTraining, type TextKind, trainingTexts } from '@market-of-experts/training';
import { encodeTasks } from '../scoring/native-vectors.ts';
import { progressBar } from '../scoring/progress.ts';
import { domainTree } from './domain-tree.ts';
import { benchFolder } from './routed-experts.ts';

const founder = 'minilm-l6';
const piecesPerText = 2;
const seed = 1;
/** Steps of the one expert for everything, and of each that goes on from the expert of the wider domain. */
const rootSteps = 400;
const childSteps = 80;
const trainingThreads = 2;

interface BoundedExpert {
  readonly matrix: Float32Array;
  /** Middle of what it was trained on, as the base model sees it. */
  readonly centre: Float32Array;
}

export interface BoundedExperts {
  /** By level: one for everything, two for its halves, … */
  readonly levels: readonly (readonly BoundedExpert[])[];
  /** One expert for everything that was trained for as many steps as the longest line from root to leaf. */
  readonly single: Float32Array;
  readonly trainingTexts: number;
}

/**
 * Residual adapters of one size (590 KB) for 1, 2, 4, … `2^levels` domains of the training texts. Each starts from
 * the weights of the expert for the wider domain and is trained on its own half of those texts. Weights are kept in
 * `.bench/capacity`, so that a run that was stopped goes on. Levels beyond `trainedLevels` are left out.
 */
export async function trainBoundedExperts(
  kinds: readonly TextKind[],
  levels: number,
  trainedLevels = levels,
): Promise<BoundedExperts> {
  const texts = kinds.flatMap(
    (kind) => trainingTexts({ kind, kin: [] }, { train: 1_200, kin: 0, heldOut: 0 }).train,
  );
  const strings = texts.flatMap(({ kept, pieces }) => [kept, ...pieces]);
  const vectors = (await encodeTasks([{ expert: founder, texts: strings }]))[0]!;
  const dimensions = vectors[0]!.length;
  const rows = 1 + piecesPerText;
  const kept = joined(texts.map((_, text) => vectors[text * rows]!));
  const tree = domainTree(kept, dimensions, levels, 'capacity/1');

  const folder = join(
    benchFolder,
    'capacity',
    hashOf('moe/bench-capacity/1', [strings, levels, rootSteps, childSteps, seed]).slice(0, 12),
  );
  mkdirSync(folder, { recursive: true });
  const tick = progressBar('bounded experts', 2 ** (trainedLevels + 1));
  const train = async (
    name: string,
    domain: readonly number[],
    task: Pick<AdapterTask, 'steps' | 'initial'>,
  ): Promise<Float32Array> => {
    const file = join(folder, `${name}.bin`);
    if (!existsSync(file)) {
      const matrix = await adapterTraining(
        {
          dimensions,
          kept: joined(domain.map((text) => vectors[text * rows]!)),
          pieces: joined(domain.flatMap((text) => vectors.slice(text * rows + 1, (text + 1) * rows))),
          piecesPerText,
          seed,
          ...task,
        },
        {},
      );
      writeAdapterWeights(file, { dimensions, matrix, notes: { name, texts: domain.length } });
    }
    tick(1);
    return readAdapterWeights(file).matrix;
  };

  const everything = tree[0]![0]!;
  const root = await train('root', everything, { steps: rootSteps });
  const single = await train('single', everything, { steps: levels * childSteps, initial: root });
  const expertOf = (matrix: Float32Array, domain: readonly number[]): BoundedExpert => {
    const vectorsOf = domain.map((text) => kept.subarray(text * dimensions, (text + 1) * dimensions));
    return {
      matrix,
      centre: mixVectors(
        vectorsOf,
        vectorsOf.map(() => 1),
      ),
    };
  };
  const trained: BoundedExpert[][] = [[expertOf(root, everything)]];
  for (let level = 1; level <= trainedLevels; level += 1)
    trained.push(
      await inParallel(tree[level]!, async (domain, index) => {
        const initial = trained[level - 1]![Math.floor(index / 2)]!.matrix;
        return expertOf(
          await train(`${2 ** level}-${index}`, domain, { steps: childSteps, initial }),
          domain,
        );
      }),
    );
  return { levels: trained, single, trainingTexts: texts.length };
}

async function inParallel<T, Result>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]!, index);
    }
  };
  await Promise.all(Array.from({ length: trainingThreads }, worker));
  return results;
}

function joined(vectors: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(vectors.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const vector of vectors) {
    const length = Math.hypot(...vector) || 1;
    all.set(
      vector.map((value) => value / length),
      end,
    );
    end += vector.length;
  }
  return all;
}
