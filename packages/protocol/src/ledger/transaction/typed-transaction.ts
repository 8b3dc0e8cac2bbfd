import {
  accountIdSchema,
  type Hash,
  hashOf,
  hashSchema,
  OWNER_DOMAIN,
  type TypedData,
  type TypedDataField,
  type TypedDataTypes,
  toHex,
} from '@market-of-experts/core';
import type { z } from 'zod';
import { type StakeTarget, stakeTargetSchema } from '../../fields/fields.ts';
import {
  type Transaction,
  type TransactionKind,
  type TransactionOf,
  transactionSchema,
} from './transaction.ts';

/** Hash of a part of a transaction that is too large to be shown field by field. */
const PART_DOMAIN = 'moe/transaction-part/1';

/**
 * What an owner signs (EIP-712): every kind of transaction is a struct of its own name (`Transfer`, `RegisterExpert`, …)
 * with the fields of the transaction in their order, so that a wallet shows them. Amounts are micro-credits. A field that
 * the transaction leaves out is not in the struct either. Large parts (terms, settlements, evidence, lists) stand there as the
 * SHA-256 of their canonical bytes, in fields `…Hash`, after what a person should see of them.
 */
export function typedDataOf(transaction: Transaction): TypedData {
  const { fields, form } = formsOf(transaction);
  const message: Record<string, unknown> = {};
  for (const { name, source, value } of fields)
    message[name] = value((transaction as unknown as Record<string, unknown>)[source], transaction);
  return { domain: OWNER_DOMAIN, types: form.types, primaryType: form.name, message };
}

/** The same as JSON for `eth_signTypedData_v4`: integers as decimal texts, bytes as hex, the domain's type with the others. */
export function typedDataJsonOf(transaction: Transaction): Record<string, unknown> {
  const { domain, types, primaryType, message } = typedDataOf(transaction);
  const eip712Domain = Object.keys(domain).map((name) => ({ name, type: 'string' }));
  return {
    types: { EIP712Domain: eip712Domain, ...types },
    domain,
    primaryType,
    message: writable(message),
  };
}

interface FieldForm {
  readonly name: string;
  readonly type: string;
  /** Field of the transaction that it follows from. */
  readonly source: string;
  readonly value: (value: unknown, transaction: Transaction) => unknown;
}
interface KindForm {
  readonly name: string;
  readonly fields: readonly FieldForm[];
  /** By the names of the fields that are there: the same object every time, since hashes of types are remembered by it. */
  readonly byPresence: Map<string, { readonly name: string; readonly types: TypedDataTypes }>;
}

const expertStake: readonly TypedDataField[] = [
  { name: 'market', type: 'string' },
  { name: 'node', type: 'bytes32' },
];
const validatorStake: readonly TypedDataField[] = [{ name: 'node', type: 'bytes32' }];

/** What a person should see of the parts that are hashed. */
const shown: { readonly [Kind in TransactionKind]?: readonly Shown<Kind>[] } = {
  createMarket: [
    ['title', 'string', ({ terms }) => terms.title],
    ['feeBps', 'uint64', ({ terms }) => terms.parameters.feeBps],
  ],
  updateMarket: [
    ['title', 'string', ({ terms }) => terms.title],
    ['feeBps', 'uint64', ({ terms }) => terms.parameters.feeBps],
  ],
  setModelVersion: [
    ['model', 'bytes32', ({ version }) => hexBytes(version.model)],
    ['runtime', 'string', ({ version }) => version.runtime.class],
    ['dimensions', 'uint64', ({ version }) => version.dimensions],
  ],
  evidence: [['offence', 'string', ({ proof }) => proof.kind]],
  settle: [
    ['market', 'string', ({ settlement }) => settlement.market],
    ['batch', 'uint64', ({ settlement }) => settlement.batch],
    ['certificates', 'uint64', ({ settlement }) => settlement.certificates],
  ],
};
type Shown<Kind extends TransactionKind> = readonly [
  name: string,
  type: string,
  value: (transaction: TransactionOf<Kind>) => unknown,
];

const kinds = new Map<string, KindForm>();

function formsOf(transaction: Transaction): {
  readonly fields: readonly FieldForm[];
  readonly form: { readonly name: string; readonly types: TypedDataTypes };
} {
  const { kind } = transaction;
  const known = kinds.get(kind) ?? formOfKind(kind);
  kinds.set(kind, known);
  const present: Record<string, unknown> = transaction;
  const fields = known.fields.filter(({ source }) => present[source] !== undefined);
  const targets = fields.filter(({ type }) => type === 'StakeTarget');
  const roles = targets.map(({ source }) => (present[source] as StakeTarget).role);
  // Who sends it decides the type of `from`, and a target's role that of the target.
  const from = formOfSender(transaction.from);
  const presence = [from, ...roles, ...fields.map(({ name }) => name)].join();
  let form = known.byPresence.get(presence);
  if (form === undefined) {
    const struct = fields.map(({ name, type, source }) => ({
      name,
      type:
        type === 'StakeTarget'
          ? structOf((present[source] as StakeTarget).role)
          : name === 'from'
            ? from
            : type,
    }));
    form = {
      name: known.name,
      types: {
        [known.name]: struct,
        ...(roles.includes('expert') ? { ExpertStake: expertStake } : {}),
        ...(roles.includes('validator') ? { ValidatorStake: validatorStake } : {}),
      },
    };
    known.byPresence.set(presence, form);
  }
  return { fields, form };
}

function formOfKind(kind: TransactionKind): KindForm {
  const name = kind[0]!.toUpperCase() + kind.slice(1);
  const seen = (shown[kind] ?? []).map(
    ([shownName, type, value]): FieldForm => ({
      name: shownName,
      type,
      source: 'kind',
      value: (_, transaction) => value(transaction as never),
    }),
  );
  const own = Object.entries(shapeOf(kind))
    .filter(([field]) => field !== 'kind')
    .map(([field, schema]) => fieldForm(field, schema));
  const isHash = ({ type, name: field }: FieldForm): boolean => type === 'bytes32' && field.endsWith('Hash');
  return {
    name,
    fields: [...own.filter((field) => !isHash(field)), ...seen, ...own.filter(isHash)],
    byPresence: new Map(),
  };
}

function fieldForm(name: string, schema: z.core.$ZodType): FieldForm {
  const { type, value } = leafForm(schema);
  return type === 'hash'
    ? { name: `${name}Hash`, type: 'bytes32', source: name, value }
    : { name, type, source: name, value };
}

const asIs = (value: unknown): unknown => value;
const hexBytes = (value: unknown): string => `0x${value as Hash}`;

function leafForm(schema: z.core.$ZodType): Pick<FieldForm, 'type' | 'value'> {
  const same = schema as unknown;
  if (same === accountIdSchema) return { type: 'address', value: asIs };
  if (same === hashSchema) return { type: 'bytes32', value: hexBytes };
  if (same === stakeTargetSchema)
    return {
      type: 'StakeTarget',
      value: (value) => {
        const { role: _, ...target } = value as StakeTarget;
        return { ...target, node: hexBytes(target.node) };
      },
    };
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'optional':
      return leafForm(def.innerType);
    case 'string':
      return { type: 'string', value: asIs };
    case 'number':
      return { type: 'uint64', value: asIs };
    // An amount.
    case 'pipe':
      return { type: 'uint256', value: asIs };
    // Bytes.
    case 'custom':
      return { type: 'bytes', value: asIs };
    // An owner or a node; see `formOfSender`.
    case 'union':
      if (!('discriminator' in def))
        return {
          type: 'address',
          value: (value) => (formOfSender(value as string) === 'address' ? value : hexBytes(value)),
        };
  }
  return { type: 'hash', value: (value) => hexBytes(hashOf(PART_DOMAIN, value)) };
}

function formOfSender(from: string): 'address' | 'bytes32' {
  return from.startsWith('0x') ? 'address' : 'bytes32';
}

function structOf(role: StakeTarget['role']): 'ExpertStake' | 'ValidatorStake' {
  return role === 'expert' ? 'ExpertStake' : 'ValidatorStake';
}

function shapeOf(kind: TransactionKind): z.core.$ZodShape {
  const option = transactionSchema.def.options.find(({ def }) => def.shape.kind.def.values[0] === kind);
  return option!.def.shape;
}

function writable(value: unknown): unknown {
  if (typeof value === 'bigint' || typeof value === 'number') return value.toString();
  if (value instanceof Uint8Array) return `0x${toHex(value)}`;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, writable(inner)]));
}
