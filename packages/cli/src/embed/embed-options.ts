import { resolve } from 'node:path';
import type { ServiceMode } from '@market-of-experts/api/embeddings';
import { parseCredits } from '@market-of-experts/core';
import type { EmbedOptions as SentOptions } from '@market-of-experts/sdk';
import { usageError } from '../terminal/exit-codes.ts';
import type { InputFormat, InputOptions, TextSplit } from './input.ts';
import { idsPath } from './npy-output.ts';

/** The flags of `moe embed` as commander reads them. */
export interface EmbedFlags {
  readonly url?: string;
  readonly key?: string;
  readonly data?: string;
  readonly json?: boolean;
  readonly output?: string;
  readonly overwrite?: boolean;
  readonly withText?: boolean;
  readonly format?: InputFormat;
  readonly lines?: boolean;
  readonly paragraphs?: boolean;
  readonly whole?: boolean;
  readonly field: string;
  readonly column?: string;
  readonly delimiter?: string;
  readonly id?: string;
  readonly ext?: string;
  readonly model?: string;
  readonly dimensions?: string;
  readonly mode?: ServiceMode;
  readonly maxFee?: string;
  readonly concurrency: string;
  readonly batch: string;
  readonly retries: string;
  readonly failFast?: boolean;
  readonly dryRun?: boolean;
}

export interface EmbedOptions {
  readonly input: InputOptions;
  readonly output: string | undefined;
  readonly isNpy: boolean;
  readonly model: string | undefined;
  readonly dimensions: number | undefined;
  readonly moe: Pick<SentOptions, 'mode' | 'maxFeeCredits'>;
  readonly concurrency: number;
  readonly batchTexts: number;
  readonly retries: number;
}

/** Checks what the flags say together. Throws `usage`. */
export function readEmbedOptions(inputs: readonly string[], flags: EmbedFlags): EmbedOptions {
  if (inputs.filter((input) => input === '-').length > 1)
    throw usageError('Standard input (-) can be read once only.');
  if (flags.json && flags.output === undefined && !flags.dryRun)
    throw usageError(
      'With --json standard output holds the summary: name a file for the vectors with --output.',
    );
  if (flags.output === '-') throw usageError('Leave --output out to write to standard output.');
  if (flags.delimiter !== undefined && [...flags.delimiter].length !== 1 && flags.delimiter !== '\\t')
    throw usageError('--delimiter is one character, like ";", or \\t for a tab.');
  const output = flags.output;
  const isNpy = output?.toLowerCase().endsWith('.npy') ?? false;
  if (flags.maxFee !== undefined && !isAmount(flags.maxFee))
    throw usageError(`--max-fee is an amount of credits like 0.001, not "${flags.maxFee}".`);
  return {
    input: {
      format: flags.format,
      split: textSplit(flags),
      field: flags.field,
      column: flags.column,
      idField: flags.id,
      delimiter: flags.delimiter === '\\t' ? '\t' : flags.delimiter,
      extensions: flags.ext?.split(',').map((extension) => extension.trim().replace(/^\./, '')),
      excluded: new Set(
        output === undefined
          ? []
          : [output, `${output}.tmp`, ...(isNpy ? [idsPath(output), `${idsPath(output)}.tmp`] : [])].map(
              (path) => resolve(path),
            ),
      ),
    },
    output,
    isNpy,
    model: flags.model,
    dimensions:
      flags.dimensions === undefined ? undefined : count('--dimensions', flags.dimensions, 1, 65_536),
    moe: {
      ...(flags.mode === undefined ? {} : { mode: flags.mode }),
      ...(flags.maxFee === undefined ? {} : { maxFeeCredits: flags.maxFee }),
    },
    concurrency: count('--concurrency', flags.concurrency, 1, 64),
    batchTexts: count('--batch', flags.batch, 1, 2_048),
    retries: count('--retries', flags.retries, 0, 100),
  };
}

function isAmount(text: string): boolean {
  try {
    parseCredits(text);
    return true;
  } catch {
    return false;
  }
}

function textSplit(flags: EmbedFlags): TextSplit | undefined {
  const chosen = (['lines', 'paragraphs', 'whole'] as const).filter((split) => flags[split]);
  if (chosen.length > 1)
    throw usageError(`Choose one of ${chosen.map((split) => `--${split}`).join(' and ')}.`);
  return chosen[0];
}

function count(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw usageError(`${option} is a whole number from ${least} to ${most}, not "${text}".`);
  return value;
}
