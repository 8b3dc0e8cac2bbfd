import type { CheckedInput } from './epoch-input.ts';
import { fixedRatio } from './fixed.ts';
import type { FixedMatrix, SparseMatrix } from './sparse-matrix.ts';

/**
 * The weights that count, rows normalised, fixed point. Left out: rows without a permit; weight on oneself (the
 * market owner's stays); entries not newer than their target's registration; under commit–reveal also entries whose
 * validator has an open commit from before the target's registration, so that whoever takes a slot over does not
 * inherit what was decided about its former holder. Zeros that were given stay as entries.
 *
 * Source: subtensor `mask_rows_sparse`, `mask_diag_sparse_except_index`, `vec_mask_sparse_matrix`,
 * `inplace_row_normalize_sparse` as called by `epoch_mechanism`.
 */
export function epochWeights(input: CheckedInput): FixedMatrix {
  const { n, weights, params } = input;
  const registered = Float64Array.from(input.blockAtRegistration);
  const starts = new Uint32Array(n + 1);
  const uids = new Uint16Array(weights.uids.length);
  const values = new Float64Array(weights.uids.length);
  const kept = { uids, values };
  for (let i = 0; i < n; i += 1) {
    let length = starts[i]!;
    if (input.validatorPermit[i]) {
      // A target counts if it was registered before the last update, and not after an open commit.
      const before = input.lastUpdate[i]!;
      const upTo = params.commitReveal ? (input.commitBlocks[i] ?? Infinity) : Infinity;
      const self = i === params.ownerUid ? -1 : i;
      length = keepRow(
        weights,
        weights.starts[i]!,
        weights.starts[i + 1]!,
        registered,
        self,
        before,
        upTo,
        kept,
        length,
      );
    }
    starts[i + 1] = length;
  }
  return { starts, uids: uids.subarray(0, starts[n]!), values: values.subarray(0, starts[n]!) };
}

/** Appends the entries of a row that count, normalised; the new length. */
function keepRow(
  given: SparseMatrix,
  from: number,
  to: number,
  registered: Float64Array,
  self: number,
  before: number,
  upTo: number,
  kept: Pick<FixedMatrix, 'uids' | 'values'>,
  start: number,
): number {
  const { uids, values } = given;
  let length = start;
  let sum = 0;
  for (let k = from; k < to; k += 1) {
    const uid = uids[k]!;
    const block = registered[uid]!;
    if (uid === self || block >= before || block > upTo) continue;
    kept.uids[length] = uid;
    kept.values[length] = values[k]!;
    sum += values[k]!;
    length += 1;
  }
  if (sum > 0) for (let k = start; k < length; k += 1) kept.values[k] = fixedRatio(kept.values[k]!, sum);
  return length;
}
