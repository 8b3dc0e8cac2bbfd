import { randomSource } from './random-source.ts';

/** Vectors of a domain's texts by the base model, row by row. */
export interface AdapterTask {
  readonly dimensions: number;
  /** One unit vector per text: its kept part. */
  readonly kept: Float32Array;
  /** `piecesPerText` unit vectors per text: its hidden pieces. */
  readonly pieces: Float32Array;
  readonly piecesPerText: number;
  readonly steps: number;
  readonly seed: number;
  /** W to begin with, e.g. that of an expert for a wider domain; the identity when it is left out. */
  readonly initial?: Float32Array;
}

/** Numbers of the training that are not the task's. */
interface AdapterTuning {
  readonly batchTexts: number;
  /** Texts of the batch that are the nearest of `candidates` random ones to a seed text. */
  readonly neighbours: number;
  readonly candidates: number;
  readonly temperature: number;
  readonly learningRate: number;
  /** Pull of the matrix towards zero. */
  readonly decay: number;
  /** Share of the loss whose targets are the base model's pieces; the rest takes the adapter's own view of them. */
  readonly baseTargets: number;
}

/** Found by trying on held-out and sample texts; larger steps (0.005) fit the corpus and lose ordinary text. */
const settings: AdapterTuning = {
  batchTexts: 48,
  neighbours: 24,
  candidates: 192,
  temperature: 0.05,
  learningRate: 0.001,
  decay: 1e-4,
  baseTargets: 0.5,
};

/**
 * Trains W of `y = normalise(x + W·x)` so that the adapted kept part finds its own hidden piece among pieces of
 * neighbouring texts: InfoNCE in both directions with AdaGrad, the pieces as the base model sees them (the market's
 * judges) and as the adapter sees them (so that its vectors fit one another too). Yields the mean loss of each
 * step and returns W, row-major. Plain float32 arithmetic in a fixed order: the same bits for the same task.
 */
export function* trainAdapter(
  task: AdapterTask,
  tuning: Partial<AdapterTuning> = {},
): Generator<number, Float32Array> {
  const { batchTexts, neighbours, candidates, temperature, learningRate, decay, baseTargets } = {
    ...settings,
    ...tuning,
  };
  const size = task.dimensions;
  const texts = task.kept.length / size;
  const batch = Math.min(batchTexts, texts);
  const random = randomSource(task.seed);
  const matrix = task.initial?.slice() ?? new Float32Array(size * size);
  const squares = new Float32Array(size * size).fill(1e-8);
  const gradient = new Float32Array(size * size);
  const inputs = new Float32Array(2 * batch * size);
  const outputs = new Float32Array(2 * batch * size);
  const lengths = new Float32Array(2 * batch);
  const outputGradient = new Float32Array(2 * batch * size);
  const scores = new Float32Array(batch * batch);

  for (let step = 0; step < task.steps; step++) {
    const chosen = drawBatch(task, batch, neighbours, candidates, random);
    for (const [row, text] of chosen.entries()) {
      const piece = text * task.piecesPerText + random.below(task.piecesPerText);
      inputs.set(task.kept.subarray(text * size, (text + 1) * size), row * size);
      inputs.set(task.pieces.subarray(piece * size, (piece + 1) * size), (batch + row) * size);
    }
    adapt(matrix, inputs, outputs, lengths, size);
    outputGradient.fill(0);
    const queries = outputs.subarray(0, batch * size);
    const queryGradient = outputGradient.subarray(0, batch * size);
    const byBase = contrast(
      { queries, targets: inputs.subarray(batch * size), scores, size, temperature, weight: baseTargets },
      queryGradient,
      undefined,
    );
    const byOwn = contrast(
      {
        queries,
        targets: outputs.subarray(batch * size),
        scores,
        size,
        temperature,
        weight: 1 - baseTargets,
      },
      queryGradient,
      outputGradient.subarray(batch * size),
    );
    backward(inputs, outputs, lengths, outputGradient, gradient, size);
    for (let index = 0; index < matrix.length; index++) {
      const slope = gradient[index]! + decay * matrix[index]!;
      squares[index]! += slope * slope;
      matrix[index]! -= (learningRate * slope) / Math.sqrt(squares[index]!);
    }
    yield byBase + byOwn;
  }
  return matrix;
}

/** Texts near a random one, and random ones, all different. */
function drawBatch(
  { kept, dimensions }: AdapterTask,
  batch: number,
  neighbours: number,
  candidates: number,
  random: ReturnType<typeof randomSource>,
): number[] {
  const texts = kept.length / dimensions;
  const first = random.below(texts);
  const near = Array.from({ length: candidates }, () => {
    const text = random.below(texts);
    return { text, nearness: dotAt(kept, first * dimensions, kept, text * dimensions, dimensions) };
  }).sort((a, b) => b.nearness - a.nearness || a.text - b.text);
  const chosen = new Set([first]);
  for (const { text } of near) if (chosen.size <= Math.min(neighbours, batch - 1)) chosen.add(text);
  while (chosen.size < batch) chosen.add(random.below(texts));
  return [...chosen];
}

/** outputs = normalise(x + W·x) of each row of inputs. */
function adapt(
  matrix: Float32Array,
  inputs: Float32Array,
  outputs: Float32Array,
  lengths: Float32Array,
  size: number,
): void {
  for (let row = 0; row < lengths.length; row++) {
    const start = row * size;
    let squared = 0;
    for (let axis = 0; axis < size; axis++) {
      const value = inputs[start + axis]! + dotAt(matrix, axis * size, inputs, start, size);
      outputs[start + axis] = value;
      squared += value * value;
    }
    const length = Math.sqrt(squared) || 1;
    lengths[row] = length;
    for (let axis = 0; axis < size; axis++) outputs[start + axis]! /= length;
  }
}

interface Contrast {
  readonly queries: Float32Array;
  readonly targets: Float32Array;
  readonly scores: Float32Array;
  readonly size: number;
  readonly temperature: number;
  readonly weight: number;
}

/** Adds the gradients of symmetric InfoNCE (query i belongs to target i) and returns its weighted mean. */
function contrast(
  { queries, targets, scores, size, temperature, weight }: Contrast,
  queryGradient: Float32Array,
  targetGradient: Float32Array | undefined,
): number {
  const count = queries.length / size;
  for (let i = 0; i < count; i++)
    for (let j = 0; j < count; j++)
      scores[i * count + j] = dotAt(queries, i * size, targets, j * size, size) / temperature;
  const slopes = new Float32Array(count * count);
  let loss = 0;
  for (let i = 0; i < count; i++) {
    loss += softmaxSlopes(scores, slopes, count, i * count, 1, i);
    loss += softmaxSlopes(scores, slopes, count, i, count, i);
  }
  const scale = weight / (2 * count * temperature);
  for (let i = 0; i < count; i++)
    for (let j = 0; j < count; j++) {
      const slope = slopes[i * count + j]! * scale;
      if (Math.abs(slope) < 1e-7) continue;
      for (let axis = 0; axis < size; axis++)
        queryGradient[i * size + axis]! += slope * targets[j * size + axis]!;
      if (targetGradient !== undefined)
        for (let axis = 0; axis < size; axis++)
          targetGradient[j * size + axis]! += slope * queries[i * size + axis]!;
    }
  return (weight * loss) / (2 * count);
}

/** Adds softmax minus one-hot of a row or column of the scores; returns −log p of the right one. */
function softmaxSlopes(
  scores: Float32Array,
  slopes: Float32Array,
  count: number,
  start: number,
  stride: number,
  right: number,
): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < count; k++) largest = Math.max(largest, scores[start + k * stride]!);
  let total = 0;
  for (let k = 0; k < count; k++) total += Math.exp(scores[start + k * stride]! - largest);
  for (let k = 0; k < count; k++)
    slopes[start + k * stride]! +=
      Math.exp(scores[start + k * stride]! - largest) / total - (k === right ? 1 : 0);
  return Math.log(total) + largest - scores[start + right * stride]!;
}

/** gradient = ∂loss/∂W, through the normalisation. */
function backward(
  inputs: Float32Array,
  outputs: Float32Array,
  lengths: Float32Array,
  outputGradient: Float32Array,
  gradient: Float32Array,
  size: number,
): void {
  gradient.fill(0);
  const slopes = new Float32Array(size);
  for (let row = 0; row < lengths.length; row++) {
    const start = row * size;
    const along = dotAt(outputGradient, start, outputs, start, size);
    for (let axis = 0; axis < size; axis++)
      slopes[axis] = (outputGradient[start + axis]! - along * outputs[start + axis]!) / lengths[row]!;
    for (let axis = 0; axis < size; axis++) {
      const slope = slopes[axis]!;
      if (Math.abs(slope) < 1e-7) continue;
      const target = axis * size;
      for (let column = 0; column < size; column++)
        gradient[target + column]! += slope * inputs[start + column]!;
    }
  }
}

function dotAt(a: Float32Array, aStart: number, b: Float32Array, bStart: number, size: number): number {
  // Four sums side by side: the processor adds them at once.
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  const quads = size - (size % 4);
  for (let k = 0; k < quads; k += 4) {
    s0 += a[aStart + k]! * b[bStart + k]!;
    s1 += a[aStart + k + 1]! * b[bStart + k + 1]!;
    s2 += a[aStart + k + 2]! * b[bStart + k + 2]!;
    s3 += a[aStart + k + 3]! * b[bStart + k + 3]!;
  }
  for (let k = quads; k < size; k++) s0 += a[aStart + k]! * b[bStart + k]!;
  return s0 + s1 + (s2 + s3);
}
