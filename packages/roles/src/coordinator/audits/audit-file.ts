import { hashSchema, nodeIdSchema } from '@market-of-experts/core';
import { readSealedJson, writeSealedJson } from '@market-of-experts/core/files';
import { questionLimits } from '@market-of-experts/protocol';
import { z } from 'zod';
import { type AuditedVersion, mostAuditedExperts } from './audited-versions.ts';

/** In the directory of a market. */
export const auditsFile = 'audits.json';
/** Pairs whose kept parts have been sent and whose pieces have not; about 20 KB each. */
export const mostOpenAudits = 128;
const mostAsked = 64;

const whole = z.string().regex(/^-?\d{1,60}$/);
const bigint = whole.transform((text) => BigInt(text));
const sums = z.strictObject({ count: bigint, sum: bigint, squares: bigint });
const places = z.array(z.int().nonnegative().max(questionLimits.entries)).max(questionLimits.entries);

/** A text of which the kept part was sent, and who answered it. */
const openAuditSchema = z.strictObject({
  keptMs: z.int().nonnegative(),
  /** What is sent next: pieces of the text and of others. */
  second: z.array(z.string().max(65_536)).min(1).max(questionLimits.entries),
  own: places,
  wrong: places,
  asked: z
    .array(
      z.strictObject({
        node: nodeIdSchema,
        version: hashSchema,
        /** Its loss in the exam of the pair's other text, in certified units. */
        examUnits: z.int().nonnegative(),
        /** The vector that it stated for the kept part. */
        kept: z.base64().max(16_384),
      }),
    )
    .max(mostAsked),
});
export type OpenAudit = z.infer<typeof openAuditSchema>;

const fileSchema = z.strictObject({
  open: z.array(openAuditSchema).max(mostOpenAudits),
  versions: z
    .array(
      z.strictObject({
        node: nodeIdSchema,
        version: hashSchema,
        plain: sums,
        excess: sums,
        isFound: z.boolean(),
      }),
    )
    .max(mostAuditedExperts),
});

/** What audits of one market have come to so far. */
export interface AuditFile {
  readonly open: readonly OpenAudit[];
  readonly versions: readonly AuditedVersion[];
}

/** Throws `file-damaged` or `other-format`. Nothing where there is no file. */
export function readAudits(path: string): AuditFile {
  return readSealedJson(path, fileSchema) ?? { open: [], versions: [] };
}

/** Throws `file-unwritable`. */
export function writeAudits(path: string, { open, versions }: AuditFile): void {
  const text = ({ count, sum, squares }: AuditedVersion['plain']) => ({
    count: String(count),
    sum: String(sum),
    squares: String(squares),
  });
  writeSealedJson(path, {
    open: [...open],
    versions: versions.map(({ plain, excess, ...rest }) => ({
      ...rest,
      plain: text(plain),
      excess: text(excess),
    })),
  });
}
