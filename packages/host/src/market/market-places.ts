import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { cutText, isMoeError } from '@market-of-experts/core';
import { fitPlaces, openPlaces } from '@market-of-experts/history';
import { type Places, sumOfPositions } from '@market-of-experts/protocol';
import type { PositionsOf } from '@market-of-experts/roles/coordinator/stages/shard-run';

/**
 * The market's places: fitted once to where the texts of the house lie, then fixed. A damaged file is made again from the same
 * texts, which gives the same places.
 */
export async function openMarketPlaces(
  directory: string,
  pointsOfTexts: () => Promise<readonly Int16Array[]>,
  count: number,
  onWarning: (message: string) => void,
): Promise<Places> {
  const fit = async (): Promise<Places> => fitPlaces(await pointsOfTexts(), count);
  try {
    return await openPlaces(directory, fit);
  } catch (error) {
    if (!isMoeError(error, 'places-invalid')) throw error;
    const path = join(directory, 'places.json');
    onWarning(`${path} is damaged and is made again from the texts of the house.`);
    rmSync(path, { force: true });
    return openPlaces(directory, fit);
  }
}

/** So that paid work gets its turn between them. */
const batchTexts = 32;

/** Where texts lie, as places are fitted to them: directions in 32,767ths. */
export async function pointsOf(
  positionsOf: PositionsOf,
  texts: readonly string[],
  signal: AbortSignal,
): Promise<readonly Int16Array[]> {
  const points: Int16Array[] = [];
  for (let start = 0; start < texts.length; start += batchTexts) {
    const positions = await positionsOf(texts.slice(start, start + batchTexts), signal);
    points.push(...positions.map(pointOf));
  }
  return points;
}

/** Positions are in 127ths. */
function pointOf(position: Uint8Array): Int16Array {
  return Int16Array.from(sumOfPositions([position]), (value) => Math.round((value * 32_767) / 127));
}

/** As long as what an exam shows of a text. */
const beginningLength = 160;

export function beginningsOf(texts: readonly string[]): readonly string[] {
  return texts.map((text) => cutText(text, beginningLength));
}
