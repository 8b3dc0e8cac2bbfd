import { type Hash, hashBytes, hashOf, hashSchema, MoeError, messageOf } from '@market-of-experts/core';
import { z } from 'zod';
import type { PlaceCentroids } from './places.ts';

/** The market's partition of the space, fixed once it is made; `hash` names it on the ledger. */
export interface Places extends PlaceCentroids {
  readonly hash: Hash;
}

/** A partition with its hash. */
export function placesOf(count: number, dimension: number, centroids: Int16Array): Places {
  const bytes = Buffer.alloc(centroids.length * 2);
  for (let index = 0; index < centroids.length; index++) bytes.writeInt16LE(centroids[index]!, index * 2);
  const hash = hashOf('moe/places/1', { count, dimension, centroids: hashBytes(bytes) });
  return { count, dimension, centroids, hash };
}

/** The places as text for a file or the ledger; {@link parsePlaces} reads it back. */
export function serialisePlaces({ count, dimension, centroids, hash }: Places): string {
  const bytes = Buffer.alloc(centroids.length * 2);
  for (let index = 0; index < centroids.length; index++) bytes.writeInt16LE(centroids[index]!, index * 2);
  return JSON.stringify({ count, dimension, hash, centroids: bytes.toString('base64') });
}

const placesSchema = z.object({
  count: z.int().min(1).max(4096),
  dimension: z.int().min(1).max(4096),
  hash: hashSchema,
  centroids: z.base64(),
});

/** Throws `places-invalid` when the text is damaged or does not have its hash. */
export function parsePlaces(text: string): Places {
  try {
    const { count, dimension, hash, centroids } = placesSchema.parse(JSON.parse(text));
    const bytes = Buffer.from(centroids, 'base64');
    if (bytes.length !== count * dimension * 2)
      throw new Error(`there are ${bytes.length} bytes of centroids`);
    const places = placesOf(
      count,
      dimension,
      Int16Array.from({ length: count * dimension }, (_, index) => bytes.readInt16LE(index * 2)),
    );
    if (places.hash !== hash) throw new Error('the hash is wrong');
    return places;
  } catch (cause) {
    throw new MoeError(
      'places-invalid',
      `The table of places cannot be used: ${messageOf(cause)}. Take it from another node or restore the folder.`,
      { cause },
    );
  }
}
