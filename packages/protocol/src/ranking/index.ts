export type { EpochInput, RankingParameters } from './epoch-input.ts';
export type { EpochResult } from './epoch-result.ts';
export { rankEpoch } from './rank-epoch.ts';
export { packRows, type SparseMatrix, type SparseRow, type SparseRows } from './sparse-matrix.ts';
