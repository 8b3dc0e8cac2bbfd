import type { PreviewAnswer } from '@market-of-experts/api/transactions';
import { type AccountId, formatAccount, formatCredits } from '@market-of-experts/core';
import { renderTable } from '../terminal/table.ts';
import { plural, printable } from '../terminal/text.ts';

type Change = PreviewAnswer['changes'][number];

const maxRows = 40;
/** Of a record that comes or goes: what its key says already, and what is too large to show. */
const inTheKey = new Set(['account', 'market', 'node', 'target', 'validator', 'terms']);
const maxCellCharacters = 40;

/** Table of the fields that a transaction changes; amounts in credits. `you` is the signer's account. */
export function renderEffect(changes: readonly Change[], you: AccountId): string {
  const rows = changes.flatMap((change) => rowsOf(change, you));
  const table = renderTable(
    [
      { title: 'record' },
      { title: 'field', isWhole: true },
      { title: 'now', align: 'right' },
      { title: 'then', align: 'right' },
    ],
    rows.slice(0, maxRows),
  );
  return rows.length > maxRows ? `${table}\n… and ${plural(rows.length - maxRows, 'more field')}` : table;
}

function rowsOf({ table, key, before, after }: Change, you: AccountId): string[][] {
  const isWhole = before == null || after == null;
  const fields = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  const rows = [...fields].flatMap((field): string[][] => {
    const [old, next] = [cell(field, before?.[field], you), cell(field, after?.[field], you)];
    if (old === next) return [];
    // Of a record that comes or goes, what says nothing is left out.
    if (isWhole && (inTheKey.has(field) || old === '0' || next === '0')) return [];
    return [['', printable(field.replace(/Micro$/, '')), old, next]];
  });
  const name = nameRecord(table, key, you);
  if (after == null) rows.unshift([name, 'ends', '', '']);
  else if (before == null && table !== 'accounts') rows.unshift([name, 'new', '', '']);
  else if (rows.length > 0) rows[0]![0] = name;
  return rows;
}

/** `accounts` and `0x…` are `account 0x…`; long ids are cut. */
function nameRecord(table: string, key: string, you: AccountId): string {
  const kind = printable(table).replace(/s$/, '');
  if (table === 'network') return kind;
  if (key === you) return `your ${kind}`;
  const parts = printable(key)
    .split('/')
    .filter((part) => part !== '*')
    .map((part) => shortId(part, you));
  return [kind, ...parts].join(' ');
}

function shortId(text: string, you: AccountId): string {
  if (text === you) return 'you';
  if (/^0x[0-9a-f]{40}$/.test(text)) return `${formatAccount(text as AccountId).slice(0, 10)}…`;
  return /^[0-9a-f]{64}$/.test(text) ? `${text.slice(0, 10)}…` : text;
}

function cell(field: string, value: unknown, you: AccountId): string {
  if (value === undefined || value === null) return '–';
  if (field.endsWith('Micro') && /^-?\d{1,30}$/.test(String(value)))
    return formatCredits(BigInt(String(value)));
  if (typeof value === 'object') {
    const fields = Object.entries(value).filter(([, inner]) => typeof inner !== 'object');
    return (
      fields.map(([name, inner]) => printable(`${name} ${shortId(String(inner), you)}`)).join(', ') || '…'
    );
  }
  const text = printable(String(value));
  const short = shortId(text, you);
  return short.length > maxCellCharacters ? `${short.slice(0, maxCellCharacters - 1)}…` : short;
}
