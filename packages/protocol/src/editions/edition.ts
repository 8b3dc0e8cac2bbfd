import { decode, encode, type Hash, hashOf } from '@market-of-experts/core';
import {
  hashSchema,
  type MarketId,
  marketIdSchema,
  type NodeId,
  nodeIdSchema,
} from '@market-of-experts/core/ids';
import { z } from 'zod';
import { counterSchema, nameSchema, networkIdSchema } from '../fields/fields.ts';
import { EDITION_LIMITS } from './edition-limits.ts';

/** One expert of an edition. */
export interface EditionPart {
  readonly node: NodeId;
  /** Of the model that the expert has committed to: another one is another function. */
  readonly modelVersion: Hash;
  readonly dimensions: number;
  /** Weight in halves. */
  readonly weightSteps: number;
}

/**
 * A published mixture: which experts answer together, in which order their vectors lie side by side, and with which weights. One
 * function from data to vectors that stays what it is as long as the edition is served (docs/concepts/editions.md).
 */
export interface Edition {
  readonly network: string;
  readonly market: MarketId;
  /** 1, 2, 3, … */
  readonly number: number;
  /** Hash of the edition before; null for the first. */
  readonly previous: Hash | null;
  /** In the order of their vectors, each node once. A part keeps its place from edition to edition; newcomers come last. */
  readonly parts: readonly EditionPart[];
  /** By which a question's place is found, and with which small public model; null where no gate needs them. */
  readonly places: { readonly encoder: string; readonly hash: Hash } | null;
  /** Places at which questions weigh the parts otherwise: halves, one for each part, 0 for none. Sorted by place. */
  readonly gate: readonly { readonly place: number; readonly weightSteps: readonly number[] }[];
  /** A longer datum is cut into windows of about equal length, and their vectors are averaged. */
  readonly windowCharacters: number;
  /** Seed of the published projections to fewer numbers. A successor keeps it, so that a part is projected as before. */
  readonly projectionSeed: Hash;
  /** In force from this epoch on … */
  readonly fromEpoch: number;
  /** … and served up to this one at least (exclusive), also when a successor is in force. */
  readonly toEpoch: number;
  /** Hash of the certified exams that it was chosen by. */
  readonly evidence: Hash;
}

const stepsSchema = z.int().min(0).max(EDITION_LIMITS.weightSteps);

const partSchema: z.ZodType<EditionPart> = z.strictObject({
  node: nodeIdSchema,
  modelVersion: hashSchema,
  dimensions: z.int().min(1).max(EDITION_LIMITS.dimensions),
  weightSteps: stepsSchema.min(1),
});

const isIncreasing = (numbers: readonly number[]): boolean =>
  numbers.every((number, index) => index === 0 || number > numbers[index - 1]!);

export const editionSchema: z.ZodType<Edition> = z
  .strictObject({
    network: networkIdSchema,
    market: marketIdSchema,
    number: counterSchema.min(1),
    previous: hashSchema.nullable(),
    parts: z.array(partSchema).min(1).max(EDITION_LIMITS.parts),
    places: z.strictObject({ encoder: nameSchema, hash: hashSchema }).nullable(),
    gate: z
      .array(
        z.strictObject({
          place: z
            .int()
            .min(0)
            .max(EDITION_LIMITS.places - 1),
          weightSteps: z.array(stepsSchema),
        }),
      )
      .max(EDITION_LIMITS.places),
    windowCharacters: z.int().min(16).max(EDITION_LIMITS.windowCharacters),
    projectionSeed: hashSchema,
    fromEpoch: counterSchema,
    toEpoch: counterSchema,
    evidence: hashSchema,
  })
  .refine(
    ({ number, previous }) => (number === 1) === (previous === null),
    'all but the first name the one before',
  )
  .refine(
    ({ parts }) => new Set(parts.map(({ node }) => node)).size === parts.length,
    'each node is one part',
  )
  .refine(
    ({ gate }) => isIncreasing(gate.map(({ place }) => place)),
    'places of the gate are sorted, each once',
  )
  .refine(
    ({ gate, parts }) =>
      gate.every(
        ({ weightSteps }) => weightSteps.length === parts.length && weightSteps.some((steps) => steps > 0),
      ),
    'each place of the gate has a weight for every part, and one above 0',
  )
  .refine(({ gate, places }) => gate.length === 0 || places !== null, 'a gate names its places')
  .refine(({ fromEpoch, toEpoch }) => fromEpoch < toEpoch, 'it ends after it begins');

export function editionBytes(edition: Edition): Uint8Array {
  return encode(edition);
}

/** Throws `invalid-encoding` for bytes that are no edition. */
export function readEdition(bytes: Uint8Array): Edition {
  return decode(bytes, editionSchema, EDITION_LIMITS.bytes);
}

/** What names an edition on the ledger and in answers. */
export function editionHash(edition: Edition): Hash {
  return hashOf('moe/edition/1', edition);
}

/** As in `text-embedding@7`. */
export function editionName({ market, number }: Pick<Edition, 'market' | 'number'>): string {
  return `${market}@${number}`;
}

/** The market and number that a name means; undefined for what is no name of an edition. */
export function parseEditionName(name: string): Pick<Edition, 'market' | 'number'> | undefined {
  const [, market, digits] = /^([^@]*)@([1-9][0-9]{0,14})$/.exec(name) ?? [];
  const parsed = marketIdSchema.safeParse(market);
  const number = counterSchema.safeParse(Number(digits));
  return parsed.success && number.success ? { market: parsed.data, number: number.data } : undefined;
}
