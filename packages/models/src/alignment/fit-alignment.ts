import { MoeError } from '@market-of-experts/core';
import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { dot, normalise } from '../unit-vector.ts';
import { type Alignment, applyAlignment } from './alignment.ts';

export interface FitAlignmentOptions {
  /** Strengths of the ridge that are tried, relative to the mean variance of a native axis. */
  readonly lambdas?: readonly number[];
  /** Parts that the pairs are cut into; each is held out once. Default 4. */
  readonly folds?: number;
  /** Least mean held-out cosine that is accepted; default 0.3. */
  readonly floor?: number;
  /** Pairs with one number stay in one fold: give pieces of one text the same. Default: each by itself. */
  readonly groups?: readonly number[];
}

const defaultLambdas = [0.003, 0.03, 0.3, 3];
const defaultFloor = 0.3;

/**
 * Fits the linear map from an expert's native space to the market's by ridge regression on (native, target)
 * pairs of the same texts (protocol, section 1). λ is the one with the best mean cosine on pairs that were
 * held out; that cosine is published with the alignment.
 *
 * Takes about 15 s for 4,000 pairs of 384 numbers. Throws `invalid-input` for shapes that do not fit and
 * `alignment-too-weak` below the floor.
 */
export function fitAlignment(
  native: readonly Float32Array[],
  targets: readonly Float32Array[],
  options: FitAlignmentOptions = {},
): Alignment {
  const { lambdas = defaultLambdas, folds = 4, floor = defaultFloor, groups } = options;
  const { inputDimensions, outputDimensions } = checkShapes(native, targets, folds, lambdas);
  const inputs = native.map((vector) => normalise(vector.slice()));
  const parts = Array.from({ length: folds }, (_, fold) => {
    const rows = inputs.flatMap((_, row) => ((groups?.[row] ?? row) % folds === fold ? [row] : []));
    const x = toMatrix(rows.map((row) => inputs[row]!));
    const y = toMatrix(rows.map((row) => targets[row]!));
    const xt = x.transpose();
    return { rows, x, gram: xt.mmul(x), cross: xt.mmul(y) };
  });
  const gram = sum(parts.map((part) => part.gram));
  const cross = sum(parts.map((part) => part.cross));
  // Unit vectors: the trace is the number of pairs, so this is the mean diagonal of the Gram matrix.
  const unit = inputs.length / inputDimensions;

  let best = { lambda: Number.NaN, cosine: Number.NEGATIVE_INFINITY };
  for (const lambda of lambdas) {
    let total = 0;
    for (const part of parts) {
      const share = 1 - part.rows.length / inputs.length;
      const weights = solve(
        Matrix.sub(gram, part.gram),
        Matrix.sub(cross, part.cross),
        lambda * unit * share,
      );
      const predicted = part.x.mmul(weights);
      for (const [place, row] of part.rows.entries())
        total += cosine(Float32Array.from(predicted.getRow(place)), targets[row]!);
    }
    const mean = total / inputs.length;
    if (mean > best.cosine) best = { lambda, cosine: mean };
  }
  // Not a number compares false: nothing usable came out.
  if (!(best.cosine >= floor))
    throw new MoeError(
      'alignment-too-weak',
      `The model's vectors predict the market's only with a mean cosine of ${best.cosine.toFixed(3)} on texts ` +
        `that were held out; at least ${floor} is needed. Use a model for the same kind of data, or more anchor texts.`,
      { metadata: { heldOutCosine: best.cosine, floor } },
    );
  const weights = solve(gram, cross, best.lambda * unit);
  return {
    inputDimensions,
    outputDimensions,
    matrix: Float32Array.from(weights.to1DArray()),
    heldOutCosine: best.cosine,
    lambda: best.lambda,
    pairs: inputs.length,
  };
}

/** Mean cosine between the aligned native vectors and their targets. */
function _measureAlignment(
  alignment: Alignment,
  native: readonly Float32Array[],
  targets: readonly Float32Array[],
): number {
  let total = 0;
  for (const [index, vector] of native.entries())
    total += cosine(applyAlignment(alignment, vector), targets[index]!);
  return total / native.length;
}

function checkShapes(
  native: readonly Float32Array[],
  targets: readonly Float32Array[],
  folds: number,
  lambdas: readonly number[],
): { inputDimensions: number; outputDimensions: number } {
  const refuse = (why: string): never => {
    throw new MoeError('invalid-input', `The alignment cannot be fitted: ${why}`);
  };
  const inputDimensions = native[0]?.length ?? 0;
  const outputDimensions = targets[0]?.length ?? 0;
  if (native.length !== targets.length)
    refuse(`there are ${native.length} native vectors and ${targets.length} targets.`);
  if (!Number.isInteger(folds) || folds < 2 || native.length < 2 * folds)
    refuse(`${native.length} pairs cannot be cut into ${folds} parts of at least two.`);
  if (lambdas.length === 0 || !lambdas.every((lambda) => Number.isFinite(lambda) && lambda > 0))
    refuse('every strength of the ridge must be a positive number, and there must be one.');
  for (const [vectors, length] of [
    [native, inputDimensions],
    [targets, outputDimensions],
  ] as const)
    for (const vector of vectors)
      if (vector.length !== length || length === 0 || !vector.every(Number.isFinite))
        refuse('all vectors of one side must have the same length and finite numbers.');
  return { inputDimensions, outputDimensions };
}

/** (G + λI)⁻¹ C. */
function solve(gram: Matrix, cross: Matrix, lambda: number): Matrix {
  const ridge = gram.clone();
  for (let axis = 0; axis < ridge.rows; axis++) ridge.set(axis, axis, ridge.get(axis, axis) + lambda);
  return new CholeskyDecomposition(ridge).solve(cross);
}

function sum(matrices: readonly Matrix[]): Matrix {
  return matrices.slice(1).reduce((total, matrix) => total.add(matrix), matrices[0]!.clone());
}

function toMatrix(rows: readonly Float32Array[]): Matrix {
  return new Matrix(rows.map((row) => Array.from(row)));
}

function cosine(left: Float32Array, right: Float32Array): number {
  const norms = Math.sqrt(dot(left, left) * dot(right, right));
  return norms > 0 ? dot(left, right) / norms : 0;
}
