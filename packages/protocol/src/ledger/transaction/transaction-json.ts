import {
  accountIdSchema,
  fromHex,
  MoeError,
  messageOf,
  parseAccount,
  problemAt,
  toHex,
} from '@market-of-experts/core';
import type { z } from 'zod';
import { type Transaction, transactionSchema } from './transaction.ts';

/**
 * A transaction as programs write it in JSON: every amount a decimal string of micro-credits, bytes as `0x` and hex digits,
 * the rest as it is. `JSON.stringify` takes the result as it is.
 */
export function transactionToJson(transaction: Transaction): Record<string, unknown> {
  return plain(transaction) as Record<string, unknown>;
}

/**
 * Reads what {@link transactionToJson} writes, strictly: amounts must be strings, unknown fields are refused. Accounts may
 * also have the checksum of EIP-55 in the case of their letters. Throws `invalid-transaction` with the path of what is
 * wrong in `metadata.param`.
 */
export function transactionFromJson(json: unknown): Transaction {
  const result = transactionSchema.safeParse(formOf(transactionSchema)(json, []));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw problem(issue?.path ?? [], issue?.message ?? 'is not a transaction');
}

type Path = readonly PropertyKey[];
/** Brings a JSON value into the form that its schema takes. What it cannot bring there it leaves to the schema to refuse. */
type Reader = (json: unknown, path: Path) => unknown;

const readers = new WeakMap<z.core.$ZodType, Reader>();

function formOf(schema: z.core.$ZodType): Reader {
  let reader = readers.get(schema);
  if (reader === undefined) {
    reader = makeReader(schema as z.core.$ZodTypes);
    readers.set(schema, reader);
  }
  return reader;
}

function makeReader(schema: z.core.$ZodTypes): Reader {
  if ((schema as unknown) === accountIdSchema) return readAccount;
  const { def } = schema._zod;
  switch (def.type) {
    case 'object':
      return objectReader(def.shape);
    case 'array': {
      const item = formOf(def.element);
      return (json, path) =>
        Array.isArray(json) ? json.map((value, index) => item(value, [...path, index])) : json;
    }
    case 'tuple': {
      const items = def.items.map(formOf);
      return (json, path) =>
        Array.isArray(json)
          ? json.map((value, index) => items[index]?.(value, [...path, index]) ?? value)
          : json;
    }
    case 'union':
      return 'discriminator' in def
        ? discriminatedReader(def as z.core.$ZodDiscriminatedUnionDef)
        : firstReader(def.options.map(formOf));
    case 'optional':
    case 'nullable': {
      const inner = formOf(def.innerType);
      return (json, path) => (json === null ? null : inner(json, path));
    }
    // The only schema here that turns one value into another: an amount.
    case 'pipe':
      return readAmount;
    // … and the only one that is its own: bytes.
    case 'custom':
      return readBytes;
    case 'string':
    case 'enum':
    case 'literal':
      return readText;
    case 'number':
    case 'boolean':
      return (json) => json;
    default:
      throw new Error(`A transaction has a field of type ${def.type}, which has no JSON form yet.`);
  }
}

function objectReader(shape: z.core.$ZodShape): Reader {
  const fields = new Map(Object.entries(shape).map(([name, field]) => [name, formOf(field)]));
  return (json, path) => {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return json;
    return Object.fromEntries(
      Object.entries(json).map(([name, value]) => {
        const read = fields.get(name);
        if (read === undefined)
          throw problem([...path, name.slice(0, 80)], 'is not a field of this transaction');
        return [name, read(value, [...path, name])];
      }),
    );
  };
}

/** The option is chosen by its literal; a value that names none is left to the schema. */
function discriminatedReader({ discriminator, options }: z.core.$ZodDiscriminatedUnionDef): Reader {
  const byName = new Map<unknown, Reader>();
  for (const option of options)
    for (const value of option._zod.propValues?.[discriminator] ?? []) byName.set(value, formOf(option));
  return (json, path) => {
    if (typeof json !== 'object' || json === null || !Object.hasOwn(json, discriminator))
      throw problem([...path, discriminator], `is missing: it is one of ${[...byName.keys()].join(', ')}`);
    return byName.get((json as Record<string, unknown>)[discriminator])?.(json, path) ?? json;
  };
}

/** Alternatives are plain texts here: an account or a node. */
function firstReader(options: readonly Reader[]): Reader {
  return (json, path) => options.reduce((value, read) => read(value, path), json);
}

const readAmount: Reader = (json, path) => {
  if (typeof json !== 'string' || !/^(0|[1-9]\d{0,19})$/.test(json))
    throw problem(path, 'must be a text with a whole number of micro-credits, like "1500000"');
  return BigInt(json);
};

const readBytes: Reader = (json, path) => {
  if (typeof json !== 'string' || !/^0x(?:[0-9a-fA-F]{2})*$/.test(json))
    throw problem(path, 'must be bytes as a text: 0x and pairs of hex digits');
  return fromHex(json.slice(2));
};

const readText: Reader = (json, path) => {
  if (typeof json === 'string' && !json.isWellFormed())
    throw problem(path, 'must be well-formed Unicode: half of a surrogate pair is missing');
  return json;
};

const readAccount: Reader = (json, path) => {
  if (typeof json !== 'string' || !json.startsWith('0x')) return readText(json, path);
  try {
    return parseAccount(json);
  } catch (error) {
    throw problem(path, `is wrong: ${messageOf(error)}`);
  }
};

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return `0x${toHex(value)}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}

function problem(path: Path, what: string): MoeError {
  const field = ['transaction', ...path];
  return new MoeError('invalid-transaction', `${problemAt(field, what)}.`, {
    metadata: { param: field.join('.') },
  });
}
