export { clipColumns, emaWithAlpha, emaWithAlphaSparse, interpolate } from './dense-matrix.ts';
export { defaultRankingParameters, type EpochInput, type RankingParameters } from './epoch-input.ts';
export type { EpochResult, ResultRows } from './epoch-result.ts';
export { exponential, sigmoid, sigmoidSafe } from './exponential.ts';
export { splitEmission } from './mechanism-split.ts';
export { type PruneInput, uidToPrune } from './prune-choice.ts';
export { isEpochInputConsistent, rankEpoch } from './rank-epoch.ts';
export { type SimulatorEpoch, type SimulatorInput, simulatorEpoch } from './simulator-variants.ts';
export { packRows, type SparseMatrix, type SparseRow, type SparseRows } from './sparse-matrix.ts';
export { isTopK, isTopKNonzero } from './top-k.ts';
export { isMaxLimited, maxUpscaleToU16 } from './upscale.ts';
export { weightedMedian, weightedMedianColumns } from './weighted-median.ts';
export {
  type WhitepaperConstants,
  type WhitepaperInput,
  type WhitepaperStep,
  whitepaperStep,
} from './whitepaper.ts';
