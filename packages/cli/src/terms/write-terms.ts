import { formatCredits } from '@market-of-experts/core';
import { type MarketTerms, transactionToJson } from '@market-of-experts/protocol';
import { stringify } from 'yaml';
import { termComments } from './term-comments.ts';

/**
 * Terms as YAML with a comment on every line. The version is left out: it follows from whether a market is created or
 * changed.
 */
export function writeTerms(terms: MarketTerms, heading: readonly string[]): string {
  const lines = heading.map((line) => (line === '' ? '#' : `# ${line}`));
  lines.push(...linesOf(terms as unknown as Record<string, unknown>, '', ''));
  return `${lines.join('\n')}\n`;
}

const commentColumn = 46;

function linesOf(fields: Readonly<Record<string, unknown>>, path: string, indent: string): string[] {
  return Object.entries(fields).flatMap(([name, value]): string[] => {
    const at = path === '' ? name : `${path}.${name}`;
    if (at === 'parameters.version') return [];
    if (isGroup(value)) return [commented(`${indent}${name}:`, at), ...linesOf(value, at, `${indent}  `)];
    const text = typeof value === 'bigint' ? value.toString() : stringify(value).trim();
    const credits = typeof value === 'bigint' ? ` (${formatCredits(value)} cr)` : '';
    return [commented(`${indent}${name}: ${text}`, at, credits)];
  });
}

function commented(line: string, path: string, after = ''): string {
  const comment = termComments[path];
  return comment === undefined ? line : `${line.padEnd(commentColumn)}  # ${comment}${after}`;
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Terms as they cross HTTP and as `readTerms` takes them. */
export function plainTerms(terms: MarketTerms): Record<string, unknown> {
  return transactionToJson(terms as never);
}
