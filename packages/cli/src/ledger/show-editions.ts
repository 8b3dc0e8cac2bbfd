import type { PublishedEdition } from '@market-of-experts/api/editions';
import type { MarketId } from '@market-of-experts/core';
import { type Edition, parseEditionName, readEdition } from '@market-of-experts/protocol';
import { jsonOf, type LedgerClient } from '@market-of-experts/sdk';
import { connectLedger } from '../connection/connect.ts';
import type { ConnectionOptions } from '../connection/connection.ts';
import { usageError } from '../terminal/exit-codes.ts';
import { print, printJson } from '../terminal/print.ts';
import { renderTable } from '../terminal/table.ts';
import { paint, plural, printable } from '../terminal/text.ts';
import { readMarket } from './read-arguments.ts';

type Flags = ConnectionOptions & { readonly json?: boolean };

/** The market that a name means, and the number after `@`; of the first market where there is no name. */
export async function namedEdition(
  name: string | undefined,
  client: Pick<LedgerClient, 'markets'>,
): Promise<{ readonly market: MarketId; readonly number: number | undefined }> {
  const parsed = name === undefined ? undefined : parseEditionName(name);
  if (parsed !== undefined) return parsed;
  if (name?.includes('@') === true)
    throw usageError(
      `"${printable(name).slice(0, 70)}" is no edition: write a market and a number, like text-embedding@1.`,
    );
  if (name !== undefined) return { market: readMarket(name), number: undefined };
  const [first] = (await client.markets()).markets;
  if (first === undefined) throw usageError('The ledger has no market. `moe market create` makes one.');
  return { market: first.market, number: undefined };
}

/** `moe edition show` */
export async function showEdition(name: string | undefined, flags: Flags): Promise<void> {
  const client = connectLedger(flags);
  const { market, number } = await namedEdition(name, client);
  const { editions } = await client.editions(market);
  const told = number === undefined ? editions.at(-1) : editions.find((each) => each.number === number);
  if (told === undefined) throw usageError(unknown(market, number, editions));
  const edition = editionOf(told);
  if (flags.json) return printJson({ ...told, edition });
  const nameOf = await namesIn(client, market);
  const isInForce = told === editions.at(-1);
  print(
    `${paint('bold', printable(told.name))}  ${isInForce ? `in force since epoch ${edition.fromEpoch}` : `published in epoch ${told.epoch}`}, served up to epoch ${edition.toEpoch} at least`,
  );
  print(
    told.exams === undefined
      ? 'chosen by its owner'
      : `chosen by ${plural(told.exams.texts, 'examined text')}`,
  );
  print();
  print(
    renderTable(
      [
        { title: 'expert' },
        { title: 'numbers', align: 'right' },
        { title: 'weight', align: 'right' },
        { title: 'paid', align: 'right' },
        { title: 'model' },
      ],
      edition.parts.map(({ node, dimensions, weightSteps, modelVersion }, index) => [
        nameOf(node),
        String(dimensions),
        String(weightSteps / 2),
        shareOf(told, edition, index),
        modelVersion.slice(0, 12),
      ]),
    ),
  );
  print(
    paint(
      'dim',
      told.shares === undefined
        ? 'paid: of a service fee, less the market’s cut; equal parts, since too few exams have said otherwise.'
        : `paid: of a service fee, less the market’s cut; by ${plural(told.shares.exams.texts, 'examined text')}, since epoch ${told.shares.epoch}.`,
    ),
  );
}

/** `moe edition history` */
export async function listEditions(name: string | undefined, flags: Flags): Promise<void> {
  const client = connectLedger(flags);
  const { market } = await namedEdition(name, client);
  const value = await client.editions(market);
  if (flags.json) return printJson(jsonOf(value));
  if (value.editions.length === 0) return print(`"${market}" has no edition yet.`);
  const nameOf = await namesIn(client, market);
  print(
    renderTable(
      [
        { title: 'edition' },
        { title: 'since epoch', align: 'right' },
        { title: 'chosen by' },
        { title: 'experts and what they are paid' },
      ],
      value.editions.toReversed().map((told) => {
        const edition = editionOf(told);
        return [
          printable(told.name),
          String(edition.fromEpoch),
          told.exams === undefined ? 'its owner' : plural(told.exams.texts, 'text'),
          edition.parts
            .map(({ node }, index) => `${nameOf(node)} ${shareOf(told, edition, index)}`)
            .join(', '),
        ];
      }),
    ),
  );
}

function editionOf({ record }: Pick<PublishedEdition, 'record'>): Edition {
  return readEdition(new Uint8Array(Buffer.from(record, 'base64')));
}

function shareOf({ shares }: PublishedEdition, { parts }: Edition, index: number): string {
  const millionths = shares?.millionths[index] ?? 1_000_000 / parts.length;
  return `${(millionths / 10_000).toFixed(1)} %`;
}

function unknown(market: string, number: number | undefined, editions: readonly PublishedEdition[]): string {
  if (editions.length === 0) return `"${market}" has no edition yet.`;
  return `The ledger remembers no edition ${number} of "${market}". It has ${editions.map(({ name }) => printable(name)).join(', ')}.`;
}

/** Names of a market's experts; who is no longer registered has the beginning of its key. */
export async function namesIn(
  client: Pick<LedgerClient, 'experts'>,
  market: MarketId,
): Promise<(node: string) => string> {
  const { experts } = await client.experts(market);
  const names = new Map<string, string>(experts.map(({ node, name }) => [node, printable(name)]));
  return (node) => names.get(node) ?? node.slice(0, 12);
}
