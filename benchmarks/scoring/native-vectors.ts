import { join } from 'node:path';
import { hashOf } from '@market-of-experts/core';
import { type CatalogueExpert, catalogue, createModelHost } from '@market-of-experts/models';
import { progressBar } from './progress.ts';
import { encodeOnce } from './vector-file.ts';

const benchFolder = join(import.meta.dirname, '../../.bench');

/** Texts that one expert of the catalogue is to encode in its own space. */
export interface EncodingTask {
  readonly expert: string;
  readonly texts: readonly string[];
}

/**
 * Native vectors for each task, from `.bench/vectors` or encoded now with the models of `.bench/models`. The slow
 * expert works beside the others. Delete the folder to encode again.
 */
export async function encodeTasks(tasks: readonly EncodingTask[]): Promise<Float32Array[][]> {
  const host = createModelHost({ modelsDir: join(benchFolder, 'models') });
  const tick = progressBar(
    'encoding',
    tasks.reduce((sum, { texts }) => sum + texts.length, 0),
  );
  const encode = async ({ expert: name, texts }: EncodingTask): Promise<Float32Array[]> => {
    const expert = catalogue.find((each) => each.name === name)!;
    // Opened at the first text that is not in the file: static takes long to make.
    let opened: ReturnType<typeof host.open> | undefined;
    return await encodeOnce({
      file: vectorFile(expert),
      dimensions: expert.dimensions,
      texts,
      embed: async (batch) => {
        opened ??= host.open(expert.native);
        return await (await opened).embed(batch);
      },
      onProgress: tick,
    });
  };
  const isSlow = (task: EncodingTask): boolean =>
    catalogue.find(({ name }) => name === task.expert)!.speed === 'slow';
  const vectors: Float32Array[][] = [];
  const inTurn = async (chosen: (task: EncodingTask) => boolean): Promise<void> => {
    for (const [index, task] of tasks.entries()) if (chosen(task)) vectors[index] = await encode(task);
  };
  try {
    await Promise.all([inTurn(isSlow), inTurn((task) => !isSlow(task))]);
  } finally {
    await host.close();
  }
  return vectors;
}

function vectorFile(expert: CatalogueExpert): string {
  const key = hashOf('moe/bench-vectors/1', [
    expert.name,
    JSON.stringify(expert.native),
    expert.source?.sha256 ?? '',
  ]);
  return join(benchFolder, 'vectors', `${expert.name}-${key.slice(0, 12)}.f32`);
}
