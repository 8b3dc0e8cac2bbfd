import { decode, encode } from '@market-of-experts/core';
import type { z } from 'zod';
import { exampleOf } from './example.ts';
import { looseCbor } from './loose-cbor.ts';
import { mutateBytes, mutateValue } from './mutate.ts';
import { type Random, randomFrom } from './random.ts';

/** One decoder: what it reads, and how its input is made. */
export interface Target {
  readonly name: string;
  /** Cases for each one of the others: less than 1 for what is slow. */
  readonly weight?: number;
  /** The bytes of a valid input. */
  example(random: Random): Uint8Array;
  /** Bytes of a valid input with something wrong inside, where the form allows it; else bytes are changed from outside. */
  mutant?(random: Random): Uint8Array;
  /**
   * Reads one input. Gives the canonical bytes of what was taken, where there are such. Throws `MoeError` for what is not
   * taken; anything else is a crash.
   */
  read(bytes: Uint8Array): Uint8Array | undefined | Promise<Uint8Array | undefined>;
}

/** A message in canonical CBOR. */
export function cborTarget(name: string, schema: z.ZodType, read?: (bytes: Uint8Array) => unknown): Target {
  const reader = read ?? ((bytes) => decode(bytes, schema));
  const examples = pool((random) => exampleOf(schema, random));
  return {
    name,
    example: (random) => encode(examples(random)),
    mutant: (random) => looseCbor(mutateValue(examples(random), random), random),
    read: (bytes) => encode(reader(bytes)),
  };
}

/** A value in JSON; `example` gives it, `read` takes its bytes. */
export function jsonTarget(
  name: string,
  example: (random: Random) => unknown,
  read: (bytes: Uint8Array) => unknown,
  weight = 1,
): Target {
  const bytesOf = (value: unknown): Uint8Array =>
    Buffer.from(
      JSON.stringify(value, (_, inner) =>
        typeof inner === 'bigint'
          ? inner.toString()
          : inner instanceof Uint8Array
            ? `0x${Buffer.from(inner).toString('hex')}`
            : inner,
      ) ?? 'null',
    );
  const examples = pool(example);
  return {
    name,
    weight,
    example: (random) => bytesOf(examples(random)),
    mutant: (random) => bytesOf(mutateValue(examples(random), random)),
    read: async (bytes) => {
      await read(bytes);
      return undefined;
    },
  };
}

export function jsonSchemaTarget(
  name: string,
  schema: z.ZodType,
  read: (bytes: Uint8Array) => unknown,
): Target {
  return jsonTarget(name, (random) => exampleOf(schema, random), read);
}

const poolSize = 12;

/** A few values, made once: a schema is asked often before one is found. */
function pool(make: (random: Random) => unknown): (random: Random) => unknown {
  let made: readonly unknown[] | undefined;
  return (random) => {
    // From a seed of their own, so that a case does not depend on the ones before.
    const own = randomFrom(1);
    made ??= Array.from({ length: poolSize }, () => make(own));
    return random.of(made);
  };
}

/** The next input of a target: a valid one now and then, a mutant of its inside, its bytes changed, or noise. */
export function nextInput(target: Target, random: Random): Uint8Array {
  const kind = random.below(20);
  if (kind === 0) return random.bytes(random.below(200));
  if (kind === 1) return target.example(random);
  if (kind < 11 && target.mutant !== undefined) return target.mutant(random);
  return mutateBytes(target.example(random), target.example(random), random);
}
