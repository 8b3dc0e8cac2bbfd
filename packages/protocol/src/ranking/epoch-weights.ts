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
  const kept = new KeptWeights(weights, Float64Array.from(input.blockAtRegistration));
  for (let i = 0; i < n; i += 1) {
    if (input.validatorPermit[i])
      kept.keepRow(i, {
        self: i === params.ownerUid ? -1 : i,
        before: input.lastUpdate[i]!,
        upTo: params.commitReveal ? (input.commitBlocks[i] ?? Infinity) : Infinity,
      });
    kept.endRow(i);
  }
  return kept.matrix();
}

/** Which targets of a row count: not oneself, registered before the last update, and not after an open commit. */
interface CountedTargets {
  readonly self: number;
  readonly before: number;
  readonly upTo: number;
}

/** The rows that are kept of a matrix, filled one after the other. */
class KeptWeights {
  readonly #given: SparseMatrix;
  readonly #registered: Float64Array;
  readonly #starts: Uint32Array;
  readonly #uids: Uint16Array;
  readonly #values: Float64Array;
  #length = 0;

  /** `registered`: the block in which each uid was registered. */
  constructor(given: SparseMatrix, registered: Float64Array) {
    this.#given = given;
    this.#registered = registered;
    this.#starts = new Uint32Array(given.starts.length);
    this.#uids = new Uint16Array(given.uids.length);
    this.#values = new Float64Array(given.uids.length);
  }

  /** Appends the entries of row `i` that count, normalised. */
  keepRow(i: number, { self, before, upTo }: CountedTargets): void {
    const given = this.#given;
    const registered = this.#registered;
    const uids = this.#uids;
    const values = this.#values;
    const start = this.#length;
    const to = given.starts[i + 1]!;
    let length = start;
    let sum = 0;
    for (let k = given.starts[i]!; k < to; k += 1) {
      const uid = given.uids[k]!;
      const block = registered[uid]!;
      if (uid === self || block >= before || block > upTo) continue;
      uids[length] = uid;
      values[length] = given.values[k]!;
      sum += given.values[k]!;
      length += 1;
    }
    if (sum > 0) for (let k = start; k < length; k += 1) values[k] = fixedRatio(values[k]!, sum);
    this.#length = length;
  }

  endRow(i: number): void {
    this.#starts[i + 1] = this.#length;
  }

  matrix(): FixedMatrix {
    return {
      starts: this.#starts,
      uids: this.#uids.subarray(0, this.#length),
      values: this.#values.subarray(0, this.#length),
    };
  }
}
