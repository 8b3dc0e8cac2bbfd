import { type AccountId, formatAccount, formatCredits } from '@moe/core';
import { renderTable } from '../terminal/table.ts';
import { plural, printable } from '../terminal/text.ts';
import type { PreviewAnswer } from './shapes.ts';

type Change = PreviewAnswer['changes'][number];

const maxRows = 40;
const recordNames: Readonly<Record<string, string>> = {
  network: 'network',
  accounts: 'account',
  prepaid: 'prepaid',
  experts: 'expert',
  validators: 'validator',
  markets: 'market',
  delegations: 'delegation',
  unbondings: 'unbonding',
  rotations: 'rotation',
};

/** Table of the fields that a transaction changes; amounts in credits. `you` marks the signer's own account. */
export function renderEffect(changes: readonly Change[], you: AccountId): string {
  const rows = changes.flatMap((change) => rowsOf(change, you));
  const table = renderTable(
    [
      { title: 'record' },
      { title: 'field' },
      { title: 'now', align: 'right' },
      { title: 'then', align: 'right' },
    ],
    rows.slice(0, maxRows),
  );
  return rows.length > maxRows ? `${table}\n… and ${plural(rows.length - maxRows, 'more field')}` : table;
}

function rowsOf({ table, key, before, after }: Change, you: AccountId): string[][] {
  const record = `${recordNames[table] ?? printable(table)}${table === 'network' ? '' : ` ${nameKey(key, you)}`}`;
  const fields = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  const rows = [...fields].flatMap((field): string[][] => {
    const [old, next] = [cell(field, before?.[field]), cell(field, after?.[field])];
    // Of a new record, what says nothing is left out.
    if (old === next || (before == null && next === '0')) return [];
    return [['', printable(field.replace(/Micro$/, '')), old, next]];
  });
  if (rows.length === 0) rows.push(['', after == null ? 'is deleted' : 'is new', '–', '–']);
  rows[0]![0] = record;
  return rows;
}

/** Keys are made of ids with slashes between them: what is long is cut. */
function nameKey(key: string, you: AccountId): string {
  return printable(key)
    .split('/')
    .filter((part) => part !== '*')
    .map((part) => {
      if (part === you) return 'you';
      if (/^0x[0-9a-f]{40}$/.test(part)) return `${formatAccount(part as AccountId).slice(0, 12)}…`;
      return /^[0-9a-f]{64}$/.test(part) ? `${part.slice(0, 12)}…` : part;
    })
    .join(' ');
}

function cell(field: string, value: unknown): string {
  if (value === undefined || value === null) return '–';
  if (field.endsWith('Micro') && /^-?\d{1,30}$/.test(String(value)))
    return formatCredits(BigInt(String(value)));
  if (typeof value === 'object') return printable(JSON.stringify(value)).slice(0, 60);
  const text = printable(String(value));
  return /^(0x)?[0-9a-f]{40,}$/.test(text) ? `${text.slice(0, 12)}…` : text;
}
