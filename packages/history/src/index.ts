export { type CalibrationPiece, loadCalibrationPieces, loadCalibrationSet } from './calibration-set.ts';
export { CalibrationStore, type CalibrationStoreInit, chunkPieces } from './calibration-store.ts';
export { fitPlaces, openPlaces, type Places, parsePlaces, serialisePlaces } from './places.ts';
