import { sha256 } from '@market-of-experts/core';
import { defaultParameters, type MarketParameters } from '@market-of-experts/protocol';
import { uniformFrom } from './random.ts';

/** One kilobyte: a paragraph of a document, as stores cut them. */
export const studyText = Array.from({ length: 176 }, (_, index) => `w${index}`)
  .join(' ')
  .padEnd(1_024, '.');

/** What fills an exam up that has one text of a client: as many others as it takes, of forty words each. */
export const studyReserve = Array.from('abcdefghijklmnopqrstuvxy', (letter) =>
  Array.from({ length: 40 }, (_, index) => `${letter}${index}`).join(' '),
);

/** The protocol's own parameters, but small vectors: how long a job takes does not depend on what is in them. */
export const studyParameters: MarketParameters = {
  ...defaultParameters,
  dimensions: 32,
  places: 4,
  pieces: 2,
};

/** All see a text much alike, with a little of their own: good judges, and every job has a winner. */
export function studyEncode(dimensions: number, expert: number): (text: string) => Float32Array {
  const known = new Map<string, Float32Array>();
  return (piece) => {
    const before = known.get(piece);
    if (before !== undefined) return before;
    const hash = new DataView(sha256(Buffer.from(piece)).buffer).getInt32(0);
    const shared = uniformFrom(hash);
    const own = uniformFrom(hash, expert);
    const vector = Float32Array.from({ length: dimensions }, () => shared() - 0.5 + 0.1 * (own() - 0.5));
    const length = Math.hypot(...vector);
    const unit = vector.map((value) => value / length);
    known.set(piece, unit);
    return unit;
  };
}
