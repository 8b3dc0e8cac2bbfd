import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isMoeError } from '@market-of-experts/core';
import { type CalibrationStore, fitPlaces, openPlaces } from '@market-of-experts/history';
import { chunkPieces, type Places } from '@market-of-experts/protocol';

/**
 * The market's places: fitted once on the founding expert's first chunk of vectors, then fixed. A damaged file is
 * made again from the same vectors, which gives the same places.
 */
export function openMarketPlaces(
  directory: string,
  calibration: CalibrationStore,
  foundingNode: string,
  count: number,
  onWarning: (message: string) => void,
): Places {
  const fit = (): Places =>
    fitPlaces(
      Array.from({ length: chunkPieces }, (_, index) => calibration.vectorAt(foundingNode, index)),
      count,
    );
  try {
    return openPlaces(directory, fit);
  } catch (error) {
    if (!isMoeError(error, 'places-invalid')) throw error;
    const path = join(directory, 'places.json');
    onWarning(`${path} is damaged and is made again from the founding expert's calibration vectors.`);
    rmSync(path, { force: true });
    return openPlaces(directory, fit);
  }
}
