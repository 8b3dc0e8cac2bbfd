/** Values that a schema takes, made from the schema itself: whatever message is added later has its examples at once. */
import { z } from 'zod';
import type { Random } from './random.ts';

const hash = '3f9c'.repeat(16);
/** Texts that some schema of ours takes; the first ones that it does are used. */
const texts = [
  hash,
  `0x${'ab'.repeat(20)}`,
  'text-embedding',
  'Größe 5x',
  '専門家',
  'en',
  '1500000',
  '0.25',
  '-12',
  '2026-11-30T12:00:00.000Z',
  'AAAA',
  `0x${'00'.repeat(32)}`,
  '3f'.repeat(16),
  'x',
];
const lengths = [32, 64, 65, 768, 8, 1, 0];
const numbers = [0, 1, 2, 3, 5, 8, 16, 100, 384, 1_000, 9_999, 10_000, 65_535, 262_144, 0.25, 0.5];

/** A value that `schema` takes, in its input form; undefined when none was found. */
export function exampleOf(schema: z.core.$ZodType, random: Random): unknown {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'object': {
      const fields = Object.entries(def.shape).flatMap(([name, field]) => {
        if (field._zod.optin === 'optional' && random.onceIn(3)) return [];
        const value = exampleOf(field, random);
        return value === undefined ? [] : [[name, value] as const];
      });
      return Object.fromEntries(fields);
    }
    case 'array':
      return fitting(
        schema,
        [1, 2, 3, 8, 0].map((length) => () => many(length, () => exampleOf(def.element, random))),
      );
    case 'tuple':
      return def.items.map((item) => exampleOf(item, random));
    case 'record':
      return Object.fromEntries(
        many(random.below(3), () => [
          String(exampleOf(def.keyType, random)),
          exampleOf(def.valueType, random),
        ]),
      );
    case 'union':
      return exampleOf(random.of(def.options), random);
    case 'optional':
    case 'nullable':
    case 'default':
    case 'catch':
    case 'readonly':
      return exampleOf(def.innerType, random);
    case 'pipe':
      return fitting(
        schema,
        many(4, () => () => exampleOf(def.in, random)),
      );
    case 'literal':
      return random.of(def.values);
    case 'enum':
      return random.of(Object.values(def.entries));
    case 'boolean':
      return random.onceIn(2);
    case 'bigint':
      return random.of([1n, 1_500_000n, 2n ** 60n]);
    case 'null':
      return null;
    case 'custom':
      return fitting(
        schema,
        lengths.map((length) => () => random.bytes(length)),
      );
    case 'string':
      return fitting(
        schema,
        shuffled(texts, random).map((text) => () => text),
      );
    case 'number':
      return fitting(
        schema,
        shuffled(numbers, random).map((number) => () => number),
      );
    default:
      return random.of<unknown>([1, 'x', null, [1], { a: 1 }]);
  }
}

/** The first of the choices that the schema takes, else the first. */
function fitting(schema: z.core.$ZodType, choices: readonly (() => unknown)[]): unknown {
  for (const choice of choices) {
    const value = choice();
    if (z.safeParse(schema, value).success) return value;
  }
  return choices[0]?.();
}

function many<T>(length: number, make: () => T): T[] {
  return Array.from({ length }, make);
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const from = random.below(list.length);
  return [...list.slice(from), ...list.slice(0, from)];
}
