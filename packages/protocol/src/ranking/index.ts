export { defaultRankingParameters, type EpochInput, type RankingParameters } from './epoch-input.ts';
export type { EpochResult, ResultRows } from './epoch-result.ts';
export { exponential, sigmoid, sigmoidSafe } from './exponential.ts';
export { isEpochInputConsistent, rankEpoch } from './rank-epoch.ts';
export type { SparseMatrix, SparseRow, SparseRows } from './sparse-matrix.ts';
export { isTopK, isTopKNonzero } from './top-k.ts';
export { weightedMedian, weightedMedianColumns } from './weighted-median.ts';
