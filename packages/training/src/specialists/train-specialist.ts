import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hashBytes } from '@market-of-experts/core';
import { type ExpertBackend, writeAdapterWeights } from '@market-of-experts/models';
import { adapterTraining } from './adapter-training.ts';
import type { SpecialistDomain } from './domain.ts';
import { encodeTexts } from './encoded-texts.ts';
import { type HeldOutVectors, heldOutLoss } from './held-out-loss.ts';
import {
  readManifest,
  type SpecialistManifest,
  type SpecialistRecipe,
  trainingVersion,
  writeManifest,
} from './manifest.ts';
import { oneAtATime } from './one-at-a-time.ts';
import {
  type CutTrainingText,
  corpusHash,
  piecesPerText,
  type TextLimits,
  trainingTexts,
} from './training-texts.ts';

export interface TrainingProgress {
  readonly name: string;
  readonly phase: 'encoding' | 'training';
  /** Of the whole work: requests to the base model and training steps. */
  readonly done: number;
  readonly total: number;
  /** Running mean of the training loss (InfoNCE, nats), once there is one. */
  readonly loss?: number;
}

export interface TrainSpecialistInit {
  readonly domain: SpecialistDomain;
  /** The market's data directory; files go to `models/specialists` in it. */
  readonly dataDir: string;
  /** The base model (MiniLM-L6); it stays open. */
  readonly backend: ExpertBackend;
  readonly seed?: number;
  readonly steps?: number;
  readonly limits?: TextLimits;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TrainingProgress) => void;
}

export interface TrainedSpecialist {
  readonly name: string;
  /** For the `residual` backend of `@market-of-experts/models`. */
  readonly weightsFile: string;
  readonly manifest: SpecialistManifest;
  /** False when valid weights were there already. */
  readonly isNew: boolean;
}

/** Texts of one request to the base model: few, so that jobs get through in between. */
const batchTexts = 32;
const defaultLimits: TextLimits = { train: 1000, kin: 400, heldOut: 80 };

/**
 * A specialist for a domain: trained on the installed texts, or taken from the data directory when it was trained
 * before with the same texts, seed, steps and base: then also under a signal that is aborted. One is trained at a time in a process; others wait. An abort
 * (or a crash) leaves no half-written weights, and what was encoded is not encoded again.
 *
 * Rejects with `corpus-invalid`, `training-failed`, the backend's errors, or the signal's reason.
 */
export async function trainSpecialist(init: TrainSpecialistInit): Promise<TrainedSpecialist> {
  return await oneAtATime(() => train(init));
}

async function train(init: TrainSpecialistInit): Promise<TrainedSpecialist> {
  const { domain, backend, seed = 1, steps = 600, limits = defaultLimits } = init;
  const folder = join(init.dataDir, 'models', 'specialists');
  const weightsFile = join(folder, `${domain.name}.bin`);
  const manifestFile = join(folder, `${domain.name}.json`);
  if (!existsSync(manifestFile)) init.signal?.throwIfAborted();
  const texts = trainingTexts(domain, limits);
  const recipe: SpecialistRecipe = {
    name: domain.name,
    base: backend.name,
    dimensions: backend.dimensions,
    corpusHash: corpusHash(texts),
    seed,
    steps,
  };
  const stored = readManifest(manifestFile, weightsFile, recipe);
  if (stored !== undefined) return { name: domain.name, weightsFile, manifest: stored, isNew: false };
  init.signal?.throwIfAborted();

  mkdirSync(folder, { recursive: true });
  const strings = [...texts.heldOut, ...texts.train].flatMap(({ kept, pieces }) => [kept, ...pieces]);
  const batches = Math.ceil(strings.length / batchTexts);
  const total = batches + steps;
  const cacheFile = join(folder, `${domain.name}-${backend.name}-${recipe.corpusHash.slice(0, 16)}.vectors`);
  removeStaleCaches(folder, domain.name, cacheFile);
  const vectors = await encodeTexts({
    backend,
    texts: strings,
    cacheFile,
    batchTexts,
    signal: init.signal,
    onBatch: (done) => init.onProgress?.({ name: domain.name, phase: 'encoding', done, total }),
  });

  const rows = 1 + piecesPerText;
  const split = texts.heldOut.length * rows * backend.dimensions;
  const heldOut = unpack(vectors.subarray(0, split), texts.heldOut, backend.dimensions);
  const trained = unpack(vectors.subarray(split), texts.train, backend.dimensions);
  const matrix = await adapterTraining(
    { ...trained, steps, seed },
    {
      signal: init.signal,
      onStep: (step, loss) =>
        init.onProgress?.({ name: domain.name, phase: 'training', done: batches + step, total, loss }),
    },
  );

  const heldOutLossBefore = heldOutLoss(heldOut);
  const heldOutLossAfter = heldOutLoss(heldOut, matrix);
  // Stale first, so that no manifest ever names other weights.
  rmSync(manifestFile, { force: true });
  writeAdapterWeights(weightsFile, {
    dimensions: backend.dimensions,
    matrix,
    notes: { name: domain.name, base: backend.name, corpusHash: recipe.corpusHash, seed, steps },
  });
  const manifest: SpecialistManifest = {
    version: trainingVersion,
    ...recipe,
    texts: texts.train.length,
    heldOutTexts: texts.heldOut.length,
    heldOutLossBefore,
    heldOutLossAfter,
    weightsHash: hashBytes(readFileSync(weightsFile)),
  };
  writeManifest(manifestFile, manifest);
  rmSync(cacheFile, { force: true });
  return { name: domain.name, weightsFile, manifest, isNew: true };
}

/** Vectors of earlier texts or another base, left by a training that was broken off. */
function removeStaleCaches(folder: string, name: string, cacheFile: string): void {
  for (const file of readdirSync(folder))
    if (file.startsWith(`${name}-`) && file.endsWith('.vectors') && join(folder, file) !== cacheFile)
      rmSync(join(folder, file), { force: true });
}

/** Kept parts and pieces apart, from rows of kept, piece, piece, … */
function unpack(
  vectors: Float32Array,
  texts: readonly CutTrainingText[],
  dimensions: number,
): HeldOutVectors {
  const rows = 1 + piecesPerText;
  const kept = new Float32Array(texts.length * dimensions);
  const pieces = new Float32Array(texts.length * piecesPerText * dimensions);
  for (let text = 0; text < texts.length; text++) {
    const start = text * rows * dimensions;
    kept.set(vectors.subarray(start, start + dimensions), text * dimensions);
    pieces.set(
      vectors.subarray(start + dimensions, start + rows * dimensions),
      text * piecesPerText * dimensions,
    );
  }
  return { dimensions, kept, pieces, piecesPerText };
}
