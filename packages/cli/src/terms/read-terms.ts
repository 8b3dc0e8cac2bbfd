import { MoeError } from '@market-of-experts/core';
import { type MarketTerms, marketTermsSchema, problemOfTerms } from '@market-of-experts/protocol';
import { readYaml } from '@market-of-experts/simulation/scenario/read-yaml';
import { parse } from 'yaml';
import type { z } from 'zod';
import { usageError } from '../terminal/exit-codes.ts';
import { printable } from '../terminal/text.ts';
import { plainTerms } from './write-terms.ts';

export interface TermsInput {
  /** The file's text and what to call it; without it only `changes` are made to `base`. */
  readonly file?: { readonly text: string; readonly source: string };
  /** Terms that hold where the file says nothing. */
  readonly base?: MarketTerms;
  /** `path=value`, over the file. */
  readonly changes?: readonly string[];
  readonly version: number;
}

const maxProblems = 5;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a market's terms. Throws `terms-invalid` with the line and field of everything that is wrong, up to five of them,
 * and for terms on which no market can run.
 */
export function readTerms({ file, base, changes = [], version }: TermsInput): MarketTerms {
  const source = file?.source ?? 'This';
  // Amounts may be larger than what a number holds exactly.
  const yaml = file === undefined ? undefined : readYaml(file.text, { intAsBigInt: true });
  if (yaml?.problem !== undefined) throw invalid(source, [yaml.problem]);
  if (yaml !== undefined && !isPlain(yaml.content))
    throw invalid(source, ['it must be a list of fields, like `permits: 64`']);
  let fields: Fields = base === undefined ? {} : plainTerms(base);
  // A version in the file is said by who wants it; the base's own has been used.
  fields = merge(fields, { parameters: { version } });
  if (yaml !== undefined) fields = merge(fields, yaml.content as Fields);
  for (const change of changes) fields = merge(fields, readChange(change));
  const lineOf = (path: readonly PropertyKey[]): string => {
    const line = yaml?.lineOf(path);
    return line === undefined ? '' : `line ${line}: `;
  };
  const result = marketTermsSchema.safeParse(withAmounts(fields), { reportInput: true });
  if (!result.success) throw invalid(source, sentencesOf(result.error.issues, lineOf));
  const problem = problemOfTerms(result.data);
  if (problem !== undefined)
    throw invalid(source, [`${lineOf(pathIn(problem, fields))}${problem.replace(/\.$/, '')}`]);
  return result.data;
}

/** `emission.perEpochMicro=0` */
function readChange(change: string): Fields {
  const match = /^([a-zA-Z0-9.-]{1,80})=(.*)$/s.exec(change);
  if (match === null)
    throw usageError(
      `--set takes FIELD=VALUE, like emission.perEpochMicro=0, not "${printable(change).slice(0, 80)}".`,
    );
  const value: unknown = parse(match[2]!, { intAsBigInt: true });
  return match[1]!.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as Fields;
}

/** Amounts are bigints, and may be texts of digits as they cross HTTP; other whole numbers are numbers. */
function withAmounts(value: unknown, name = ''): unknown {
  if (isPlain(value))
    return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, withAmounts(field, key)]));
  if (name.endsWith('Micro') && typeof value === 'string' && /^\d{1,19}$/.test(value)) return BigInt(value);
  return typeof value === 'bigint' && !name.endsWith('Micro') ? Number(value) : value;
}

/** Fields of `changes` over those of `base`, field by field. */
function merge(base: Fields, changes: Fields): Fields {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(changes)) {
    if (key === '__proto__') continue;
    const before = Object.hasOwn(base, key) ? base[key] : undefined;
    merged[key] = isPlain(value) && isPlain(before) ? merge(before, value) : value;
  }
  return merged;
}

/** What was typed wrong, by its line; then what is missing, together. */
function sentencesOf(
  issues: readonly z.core.$ZodIssue[],
  lineOf: (path: readonly PropertyKey[]) => string,
): string[] {
  const isMissing = (issue: z.core.$ZodIssue): boolean =>
    issue.input === undefined && issue.code !== 'unrecognized_keys' && lineOf(issue.path) === '';
  const missing = issues.filter(isMissing).map(({ path }) => path.join('.'));
  const wrong = issues.filter((issue) => !isMissing(issue)).map((issue) => sentence(issue, lineOf));
  return [
    ...wrong.slice(0, maxProblems),
    ...(missing.length === 0
      ? []
      : [
          `${missing.length === 1 ? 'the field' : 'the fields'} ${missing.slice(0, maxProblems).join(', ')}${missing.length > maxProblems ? ' and more' : ''} ${missing.length === 1 ? 'is' : 'are'} missing: \`moe market template\` prints all of them, --like MARKET takes the others from a market`,
        ]),
  ];
}

function sentence(issue: z.core.$ZodIssue, lineOf: (path: readonly PropertyKey[]) => string): string {
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue.path;
  const field = printable(path.map(String).join('.'));
  const where = lineOf(path) || lineOf(path.slice(0, -1));
  if (issue.code === 'unrecognized_keys') return `${where}there is no field "${field}"`;
  if (field.endsWith('Micro'))
    return `${where}${field} is a whole number of micro-credits, like 1000000 for 1 credit`;
  return `${where}${field}: ${issue.message.replace(/^Invalid (input|option): /, '').replaceAll('"|"', '", "')}`;
}

/** Path of the first field that a sentence names. */
function pathIn(text: string, fields: Fields): string[] {
  const paths = pathsOf(fields);
  const words = text.split(/[^a-zA-Z0-9.-]+/).map((word) => word.replace(/\.$/, ''));
  for (const word of words) {
    const found = paths.find((path) => path === word || (word.length > 6 && path.endsWith(`.${word}`)));
    if (found !== undefined) return found.split('.');
  }
  return [];
}

function pathsOf(fields: Fields, prefix = ''): string[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    isPlain(value) ? pathsOf(value, `${prefix}${name}.`) : [`${prefix}${name}`],
  );
}

function invalid(source: string, problems: readonly string[]): MoeError {
  return new MoeError('terms-invalid', `${source} cannot be a market's terms: ${problems.join('; ')}.`, {
    docs: 'run/market-owner.md',
  });
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
