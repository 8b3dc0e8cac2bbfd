export type { AnnIndex, AnnIndexKind } from './ann/ann-index.ts';
export { exactIndexKind } from './ann/exact-index.ts';
export { type UsearchSettings, usearchIndexKind } from './ann/usearch-index.ts';
export { type CalibrationPiece, loadCalibrationPieces, loadCalibrationSet } from './calibration-set.ts';
export { CalibrationStore, type CalibrationStoreInit } from './calibration-store.ts';
export { examineHistory } from './examine-history.ts';
export type { History, HistoryQuery, Neighbour } from './history.ts';
export type { HistoryInit } from './history-settings.ts';
export { normalBelow } from './normal.ts';
export { memoryHistory, type OpenHistoryInit, openHistory } from './open-history.ts';
export { fitPlaces, openPlaces } from './places.ts';
export {
  type Estimate,
  type ExpertPosterior,
  type JobNoise,
  jobNoise,
  type PosteriorOptions,
  posterior,
} from './posterior.ts';
export type { HistoryOutcome, HistoryRecord } from './records/record.ts';
export { type BestAtPlace, type Region, type RegionsOptions, regions } from './regions.ts';
export type { WorkerTally } from './worker-tallies.ts';
