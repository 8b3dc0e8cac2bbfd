import type { EditionListing } from '@market-of-experts/api/editions';
import {
  mostProjected,
  type ProjectedPart,
  projectionRow,
  signedSum,
  unitOf,
} from '@market-of-experts/protocol';
import { type Paced, paced } from './paced.ts';

/** Signs that are kept, a byte each: one edition of the largest kind, or some eighty common ones. */
const keptBytes = 128 * 1024 * 1024;
/** Work of a sign that is drawn, and of one that is added up, in about nanoseconds. */
const drawWork = 50;
const sumWork = 2;

/** Rows of an edition's projection, as far as they were asked for. */
interface Rows {
  readonly parts: readonly ProjectedPart[];
  readonly seed: string;
  readonly width: number;
  readonly signs: Int8Array[];
}

/** The one that was asked for longest ago first. */
const known = new Map<string, Rows>();

/** Longest vector that is shorter than the edition's. */
export const longestShortened = mostProjected;

/**
 * A vector of an edition in fewer numbers: the published projection (docs/reference/http-api.md), of unit length. Always the first
 * numbers of the projection to the next power of two, so that a vector has the same bits whatever was asked for before. Signs
 * are drawn once, as far as somebody asks, and all work is done in turns.
 */
export async function shortened(
  edition: EditionListing,
  vector: Float32Array,
  dimensions: number,
  pace: Paced = paced(),
): Promise<Float32Array> {
  if (dimensions === edition.dimensions) return vector;
  const count = 2 ** Math.ceil(Math.log2(dimensions));
  const { signs, width } = await rowsOf(edition, count, pace);
  const sums = new Float64Array(count);
  for (let row = 0; row < count; row += 1) {
    sums[row] = signedSum(signs[row]!, vector);
    await pace.done(width * sumWork);
  }
  return unitOf(unitOf(sums).subarray(0, dimensions));
}

/** Those who want them at once draw them together, each the next one. */
async function rowsOf({ parts, projectionSeed }: EditionListing, count: number, pace: Paced): Promise<Rows> {
  const named = parts.map(({ modelVersion, dimensions }) => ({ name: modelVersion, dimensions }));
  const key = JSON.stringify([named, projectionSeed]);
  const rows = known.get(key) ?? {
    parts: named,
    seed: projectionSeed,
    width: named.reduce((sum, { dimensions }) => sum + dimensions, 0),
    signs: [],
  };
  known.delete(key);
  known.set(key, rows);
  while (rows.signs.length < count) {
    rows.signs.push(projectionRow(rows.parts, rows.seed, rows.signs.length));
    await pace.done(rows.width * drawWork);
  }
  forgetOld();
  return rows;
}

function forgetOld(): void {
  let bytes = 0;
  for (const { signs, width } of known.values()) bytes += signs.length * width;
  for (const [key, { signs, width }] of known) {
    if (bytes <= keptBytes || known.size === 1) return;
    bytes -= signs.length * width;
    known.delete(key);
  }
}
