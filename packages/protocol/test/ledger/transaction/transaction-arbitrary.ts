import { accountIdSchema, hashSchema, marketIdSchema } from '@market-of-experts/core';
import fc from 'fast-check';
import type { z } from 'zod';
import { nameSchema, networkIdSchema } from '../../../src/fields/fields.ts';
import { type Transaction, transactionSchema } from '../../../src/ledger/transaction/transaction.ts';

const hex = (digits: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: digits, maxLength: digits })
    .map((each) => each.join(''));
const words = fc
  .array(fc.constantFrom(...'abcxyz0189'), { minLength: 2, maxLength: 12 })
  .map((letters) => letters.join(''));

function arbitraryOf(schema: z.core.$ZodType): fc.Arbitrary<unknown> {
  const same = schema as unknown;
  if (same === accountIdSchema) return hex(40).map((digits) => `0x${digits}`);
  if (same === hashSchema) return hex(64);
  if (same === marketIdSchema || same === networkIdSchema) return words;
  if (same === nameSchema) return fc.constantFrom('lexical', 'Größe V', '専門家', 'x');
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'object':
      return fc.record(
        Object.fromEntries(Object.entries(def.shape).map(([name, field]) => [name, arbitraryOf(field)])),
        {
          requiredKeys: Object.entries(def.shape)
            .filter(([, field]) => field._zod.def.type !== 'optional')
            .map(([name]) => name),
        },
      );
    case 'array':
      return fc.array(arbitraryOf(def.element), {
        minLength: hasMinimum(schema) ? 1 : 0,
        maxLength: 3,
      });
    case 'tuple':
      return fc.tuple(...def.items.map((item) => arbitraryOf(item)));
    case 'union':
      return fc.oneof(...def.options.map((option) => arbitraryOf(option)));
    case 'optional':
      return arbitraryOf(def.innerType);
    case 'nullable':
      return fc.option(arbitraryOf(def.innerType));
    case 'pipe':
      return fc.bigInt(1n, 2n ** 62n);
    case 'custom':
      return fc.uint8Array({ maxLength: 8 });
    case 'literal':
      return fc.constantFrom(...def.values);
    case 'enum':
      return fc.constantFrom(...Object.values(def.entries));
    case 'boolean':
      return fc.boolean();
    case 'number':
      return wholeNumber(schema as z.ZodNumber);
    case 'string':
      return words;
    default:
      throw new Error(`No example of ${def.type}.`);
  }
}

function wholeNumber(schema: z.ZodNumber): fc.Arbitrary<number> {
  const { minValue, maxValue } = schema;
  const isExclusive = (schema.def.checks ?? []).some(
    ({ _zod: { def } }) => 'inclusive' in def && def.inclusive === false,
  );
  const least = (minValue ?? 0) + (isExclusive ? 1 : 0);
  return fc.integer({ min: Math.max(least, -1_000), max: Math.min(maxValue ?? 2 ** 40, 2 ** 40) });
}

function hasMinimum(schema: z.core.$ZodType): boolean {
  return (schema._zod.def.checks ?? []).some((check) => check._zod.def.check === 'min_length');
}

/** For tests: any transaction of any kind that its schema takes, small lists preferred. */
export const anyTransaction: fc.Arbitrary<Transaction> = fc
  .oneof(...transactionSchema.def.options.map((option) => arbitraryOf(option)))
  .map((transaction) => transactionSchema.parse(transaction));
