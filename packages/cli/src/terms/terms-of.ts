import { formatCredits, MoeError } from '@market-of-experts/core';
import type { MarketTerms } from '@market-of-experts/protocol';
import { readTerms } from './read-terms.ts';

/** Terms as a market sent them. Throws `invalid-answer` for what this version does not know. */
export function termsOf(sent: unknown, url: string): MarketTerms {
  try {
    const version = (sent as { parameters?: { version?: unknown } } | undefined)?.parameters?.version;
    return readTerms({
      file: { text: JSON.stringify(sent), source: 'The answer' },
      version: Number(version),
    });
  } catch (error) {
    throw new MoeError(
      'invalid-answer',
      `The market at ${url} sent terms that this version of moe does not understand. Use the version that it runs.`,
      { cause: error },
    );
  }
}

/** Every single field of terms by its path, in order. */
export function fieldsOf(terms: unknown, prefix = ''): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const [name, value] of Object.entries(terms as Record<string, unknown>)) {
    if (typeof value === 'object' && value !== null)
      for (const [path, text] of fieldsOf(value, `${prefix}${name}.`)) fields.set(path, text);
    else fields.set(`${prefix}${name}`, say(name, String(value)));
  }
  return fields;
}

function say(name: string, value: string): string {
  return name.endsWith('Micro') && /^\d{1,19}$/.test(value)
    ? `${value} (${formatCredits(BigInt(value))} cr)`
    : value;
}
