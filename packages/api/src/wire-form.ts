import { z } from 'zod';
import { micro, openEnum } from './wire.ts';

/** The JSON form of a value of the protocol: amounts are decimal strings, bytes are `0x` and hex digits. */
export type JsonOf<T> = T extends bigint | Uint8Array
  ? string
  : T extends string | number | boolean | null | undefined
    ? T
    : { readonly [Key in keyof T]: JsonOf<T[Key]> };

const hexBytes = z.string().regex(/^0x(?:[0-9a-fA-F]{2})*$/);

/**
 * How a record of the protocol is written in JSON, made from its own schema, so that no record is described twice. What it
 * gives has amounts as bigint, and bytes as they are written.
 */
export function wireForm<T>(schema: z.ZodType<T>): z.ZodType<T, JsonOf<T>> {
  return formOf(schema) as unknown as z.ZodType<T, JsonOf<T>>;
}

function formOf(schema: z.core.$ZodType): z.ZodType {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'object':
      return z.object(
        Object.fromEntries(Object.entries(def.shape).map(([name, field]) => [name, formOf(field)])),
      );
    case 'array':
      return z.array(formOf(def.element)).check(...((def.checks ?? []) as z.core.$ZodCheck<unknown[]>[]));
    case 'tuple':
      return z.tuple(def.items.map(formOf) as [z.ZodType, ...z.ZodType[]]);
    case 'union':
      return 'discriminator' in def
        ? z.discriminatedUnion(
            String(def.discriminator),
            def.options.map(formOf) as unknown as [z.ZodObject, ...z.ZodObject[]],
          )
        : z.union(def.options.map(formOf));
    case 'enum':
      return openEnum(Object.values(def.entries).map(String));
    case 'optional':
      return z.exactOptional(formOf(def.innerType));
    case 'nullable':
      return z.nullable(formOf(def.innerType));
    // The only schemas of records that turn one value into another are those of amounts.
    case 'pipe':
      return micro;
    // … and the only ones that are their own are those of bytes.
    case 'custom':
      return hexBytes;
    default:
      return schema as z.ZodType;
  }
}
