import {
  bytesSchema,
  type Hash,
  hashBytes,
  hashOf,
  hashSchema,
  type KeyPair,
  marketIdSchema,
  nodeIdSchema,
  type Signed,
  signBody,
} from '@market-of-experts/core';
import { z } from 'zod';
import { counterSchema, networkIdSchema, signatureSchema } from '../fields/fields.ts';
import { maximumDimensions } from './model-version.ts';

export const statementListDomain = 'moe/statement-list/1';
/** Most texts of one list: an exam has about a hundred, a request to serve two thousand. */
export const maximumStatements = 4_096;

/**
 * What an expert signs for a whole list of answers, of an exam or of a served request alike: under `root` lie pairs of a text hash
 * and the hash of the vector's int16 bytes. One signature a list, and each pair can be shown alone.
 */
const statementListBodySchema = z.strictObject({
  network: networkIdSchema,
  market: marketIdSchema,
  node: nodeIdSchema,
  /** Hash of the model version in force. */
  version: hashSchema,
  /** The ledger's running epoch when it was signed: it dates what is shown later. */
  epoch: counterSchema,
  size: z.int().min(1).max(maximumStatements),
  root: hashSchema,
});
export type StatementListBody = Readonly<z.infer<typeof statementListBodySchema>>;

/** One pair of a signed list with the vector itself, and the way from it to the root. */
export const shownStatementSchema = z.strictObject({
  list: z.strictObject({ body: statementListBodySchema, signature: signatureSchema }),
  text: hashSchema,
  /** int16, little-endian: two bytes a dimension. */
  vector: bytesSchema(2 * maximumDimensions),
  index: z
    .int()
    .min(0)
    .max(maximumStatements - 1),
  path: z.array(hashSchema).max(12),
});
export type ShownStatement = Readonly<z.infer<typeof shownStatementSchema>>;

/** An answer before it is signed. */
export interface AnsweredText {
  readonly text: Hash;
  readonly vector: Uint8Array;
}

const leafOf = (text: Hash, vector: Uint8Array): Hash =>
  hashOf('moe/statement-leaf/1', [text, hashBytes(vector)]);
const innerOf = (left: Hash, right: Hash): Hash => hashOf('moe/statement-inner/1', [left, right]);

/** From the leaves to the root; what is left over of an odd row moves up as it is. */
function rowsOf(answers: readonly AnsweredText[]): Hash[][] {
  const rows = [answers.map(({ text, vector }) => leafOf(text, vector))];
  for (let row = rows[0]!; row.length > 1; rows.push(row))
    row = Array.from({ length: Math.ceil(row.length / 2) }, (_, index) =>
      2 * index + 1 < row.length ? innerOf(row[2 * index]!, row[2 * index + 1]!) : row[2 * index]!,
    );
  return rows;
}

/** Root of one or more answers, in their order. */
export function statementRoot(answers: readonly AnsweredText[]): Hash {
  return rowsOf(answers).at(-1)![0]!;
}

export function signStatementList(keys: KeyPair, body: StatementListBody): Signed<StatementListBody> {
  return signBody(keys, statementListDomain, body);
}

/** Answer number `index` of a signed list, as it is shown to others. */
export function showStatement(
  { body, signature }: Pick<Signed<StatementListBody>, 'body' | 'signature'>,
  answers: readonly AnsweredText[],
  index: number,
): ShownStatement {
  const path: Hash[] = [];
  let place = index;
  for (const row of rowsOf(answers).slice(0, -1)) {
    const sibling = row[place ^ 1];
    if (sibling !== undefined) path.push(sibling);
    place >>= 1;
  }
  return { list: { body, signature }, ...answers[index]!, index, path };
}

/**
 * Whether the pair lies under the root of its list, at its place, and is one of a text and a vector: of one or more whole dimensions.
 * The list's signature is the caller's to check.
 */
export function isInList({ list, text, vector, index, path }: ShownStatement): boolean {
  let hash = leafOf(text, vector);
  let place = index;
  let used = 0;
  for (let width = list.body.size; width > 1; width = Math.ceil(width / 2), place >>= 1) {
    if ((place ^ 1) >= width) continue;
    const sibling = path[used++];
    if (sibling === undefined) return false;
    hash = (place & 1) === 0 ? innerOf(hash, sibling) : innerOf(sibling, hash);
  }
  const isVector = vector.length > 0 && vector.length % 2 === 0;
  return isVector && index < list.body.size && used === path.length && hash === list.body.root;
}
