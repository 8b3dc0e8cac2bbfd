import type { CheckedInput } from './epoch-input.ts';
import { fixedRatio } from './fixed.ts';
import { matrixBuilder, type SparseMatrix } from './sparse-matrix.ts';

/**
 * The weights that count, rows normalised, fixed point. Left out: rows without a permit; weight on oneself (the
 * market owner's stays); entries not newer than their target's registration; under commit–reveal also entries whose
 * validator has an open commit from before the target's registration, so that whoever takes a slot over does not
 * inherit what was decided about its former holder. Zeros that were given stay as entries.
 *
 * Source: subtensor `mask_rows_sparse`, `mask_diag_sparse_except_index`, `vec_mask_sparse_matrix`,
 * `inplace_row_normalize_sparse` as called by `epoch_mechanism`.
 */
export function epochWeights(input: CheckedInput): SparseMatrix {
  const { n, weights, blockAtRegistration, params } = input;
  const { starts, uids, values } = weights;
  const builder = matrixBuilder(n, uids.length);
  for (let i = 0; i < n; i += 1) {
    if (input.validatorPermit[i]) {
      const updated = input.lastUpdate[i]!;
      const committed = params.commitReveal ? (input.commitBlocks[i] ?? Infinity) : Infinity;
      const masks = (uid: number): boolean => {
        const registered = blockAtRegistration[uid]!;
        return (uid === i && i !== params.ownerUid) || updated <= registered || committed < registered;
      };
      let sum = 0;
      for (let k = starts[i]!; k < starts[i + 1]!; k += 1) if (!masks(uids[k]!)) sum += values[k]!;
      for (let k = starts[i]!; k < starts[i + 1]!; k += 1)
        if (!masks(uids[k]!)) builder.add(uids[k]!, sum === 0 ? 0 : fixedRatio(values[k]!, sum));
    }
    builder.endRow();
  }
  return builder.finish();
}
