import { formatAccount, formatCredits } from '@market-of-experts/core';
import type { Validator } from '@market-of-experts/protocol';
import { jsonOf } from '@market-of-experts/sdk';
import { connectLedger } from '../connection/connect.ts';
import type { ConnectionOptions } from '../connection/connection.ts';
import { print, printJson } from '../terminal/print.ts';
import { renderTable } from '../terminal/table.ts';
import { formatShare, paint, plural, printable } from '../terminal/text.ts';
import { readMarket } from './read-arguments.ts';

type Flags = ConnectionOptions & { readonly json?: boolean };

/** Validators whose weights are shown side by side. */
const maxColumns = 8;

/** `moe validator list` */
export async function listValidators(flags: Flags): Promise<void> {
  const value = await connectLedger(flags).validators();
  if (flags.json) return printJson(jsonOf(value));
  if (value.validators.length === 0) {
    print('There is no validator yet. Register one with `moe validator register`.');
    return;
  }
  print(
    renderTable(
      [
        { title: 'validator' },
        { title: 'node' },
        { title: 'stake', align: 'right' },
        { title: 'delegated', align: 'right' },
        { title: 'commission', align: 'right' },
        { title: 'since epoch', align: 'right' },
        { title: 'owner' },
        { title: 'state' },
      ],
      value.validators
        .toSorted((a, b) => (a.stakeMicro === b.stakeMicro ? 0 : a.stakeMicro > b.stakeMicro ? -1 : 1))
        .map((validator) => [
          printable(validator.name),
          validator.node.slice(0, 16),
          formatCredits(validator.stakeMicro),
          formatCredits(validator.delegatedMicro),
          formatShare(validator.commissionBps),
          String(validator.registeredEpoch),
          formatAccount(validator.owner).slice(0, 12),
          stateOf(validator),
        ]),
    ),
  );
  print(paint('dim', 'stake: all that counts, the delegated part included.'));
}

function stateOf({ leavesAtEpoch, nextCommission, seen, absent }: Validator): string {
  if (leavesAtEpoch !== undefined) return `gone when epoch ${leavesAtEpoch} begins`;
  if (seen === undefined) return 'not active yet: never started';
  if (absent !== undefined) return `absent since epoch ${seen.epoch}`;
  return nextCommission === undefined
    ? ''
    : `${formatShare(nextCommission.bps)} from epoch ${nextCommission.fromEpoch}`;
}

/** `moe validator weights` */
export async function showWeights(market: string, flags: Flags): Promise<void> {
  const value = await connectLedger(flags).weights(readMarket(market));
  if (flags.json) return printJson(jsonOf(value));
  const { epoch, rows, promised } = value;
  print(
    `${paint('bold', printable(market))}, epoch ${epoch}: weights of ${plural(rows.length, 'validator')}, ${plural(promised.length, 'promise')} to open`,
  );
  if (rows.length === 0) {
    print('Nobody has opened weights yet. They are promised in one epoch and opened in the next.');
    return;
  }
  const shown = rows.slice(0, maxColumns);
  const names = new Map<string, string>();
  for (const { weights } of rows) for (const { node, name } of weights) names.set(node, name);
  const sums = shown.map(({ weights }) => weights.reduce((sum, { weight }) => sum + weight, 0));
  const shares = [...names].map(([node, name]) => ({
    name,
    node,
    shares: shown.map(({ weights }, column) => {
      const weight = weights.find((entry) => entry.node === node)?.weight;
      return weight === undefined || sums[column] === 0 ? undefined : weight / sums[column]!;
    }),
  }));
  const total = (row: (typeof shares)[number]): number =>
    row.shares.reduce<number>((sum, share) => sum + (share ?? 0), 0);
  print();
  print(
    renderTable(
      [
        { title: 'expert' },
        { title: 'node' },
        ...shown.map(({ name, epoch: of }) => ({
          title: `${printable(name)} (${of})`,
          align: 'right' as const,
        })),
      ],
      shares
        .toSorted((a, b) => total(b) - total(a))
        .map(({ name, node, shares: cells }) => [
          printable(name),
          node.slice(0, 12),
          ...cells.map((share) => (share === undefined ? '–' : `${(100 * share).toFixed(1)} %`)),
        ]),
    ),
  );
  if (rows.length > maxColumns)
    print(`${plural(rows.length - maxColumns, 'more validator')}: --json shows all`);
  print(paint('dim', 'Each column is one validator, with the epoch in which it promised these weights.'));
}
