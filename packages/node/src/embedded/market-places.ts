import { type CalibrationStore, fitPlaces, openPlaces, type Places } from '@moe/history';

/** The market's places: fitted once on the founding expert's first vectors, then fixed. */
export function openMarketPlaces(
  directory: string,
  calibration: CalibrationStore,
  foundingNode: string,
  count: number,
): Places {
  return openPlaces(directory, () =>
    fitPlaces(
      Array.from({ length: calibration.count(foundingNode) }, (_, index) =>
        calibration.vectorAt(foundingNode, index),
      ),
      count,
    ),
  );
}
