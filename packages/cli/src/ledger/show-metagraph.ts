import { setTimeout as delay } from 'node:timers/promises';
import type { Metagraph } from '@market-of-experts/api/ledger-facts';
import { formatCredits, type MarketId } from '@market-of-experts/core';
import { jsonOf, type LedgerClient } from '@market-of-experts/sdk';
import { connectLedger } from '../connection/connect.ts';
import type { ConnectionOptions } from '../connection/connection.ts';
import { usageError } from '../terminal/exit-codes.ts';
import { print, printJson } from '../terminal/print.ts';
import { renderTable } from '../terminal/table.ts';
import { formatAmount, paint, plural, printable } from '../terminal/text.ts';
import { readMarket } from './read-arguments.ts';

export interface MetagraphFlags extends ConnectionOptions {
  readonly json?: boolean;
  readonly watch?: boolean;
}

const watchEveryMs = 2_000;

/** `moe metagraph` */
export async function showMetagraph(name: string | undefined, flags: MetagraphFlags): Promise<void> {
  const client = connectLedger(flags);
  const market = name === undefined ? await firstMarket(client) : readMarket(name);
  let shown: string | undefined;
  do {
    const value = await client.metagraph(market);
    const raw = jsonOf(value);
    const text = JSON.stringify(raw);
    if (text !== shown) {
      if (flags.json) printJson(raw);
      else {
        // A terminal shows one table that changes; a file gets one after the other.
        if (flags.watch && process.stdout.isTTY) process.stdout.write('\u001b[H\u001b[2J');
        else if (shown !== undefined) print();
        show(value);
      }
    }
    shown = text;
    if (flags.watch) await delay(watchEveryMs);
  } while (flags.watch);
}

async function firstMarket(client: LedgerClient): Promise<MarketId> {
  const [first] = (await client.markets()).markets;
  if (first === undefined)
    throw usageError('The network has no market yet. Create one with `moe market create`.');
  return first.market;
}

function show({ market, epoch, rankedEpoch, emittedMicro, ownerMicro, nodes }: Metagraph): void {
  print(`${paint('bold', market)}, epoch ${epoch}: ${plural(nodes.length, 'node')}`);
  // A ranking of nothing has no shares.
  const isRanked = nodes.some(({ incentive, dividends }) => incentive + dividends > 0);
  print(
    isRanked
      ? `Ranked at the end of epoch ${rankedEpoch}: ${formatAmount(emittedMicro)} paid, ${formatAmount(ownerMicro)} of it to the market's owner`
      : 'Not ranked yet: weights promised in one epoch are opened in the next and ranked at its end.',
  );
  const shown = (value: number, isOfThisRole: boolean): string =>
    isRanked && isOfThisRole ? value.toFixed(4) : '–';
  print();
  print(
    renderTable(
      [
        { title: 'node' },
        { title: 'id' },
        { title: 'role' },
        { title: 'stake', align: 'right' },
        { title: 'trust', align: 'right' },
        { title: 'consensus', align: 'right' },
        { title: 'incentive', align: 'right' },
        { title: 'dividends', align: 'right' },
        { title: 'emission', align: 'right' },
        { title: 'state' },
      ],
      nodes
        .toSorted((a, b) => compare(b.emissionMicro, a.emissionMicro) || compare(b.stakeMicro, a.stakeMicro))
        .map((node) => [
          printable(node.name),
          node.node.slice(0, 8),
          node.role,
          formatCredits(node.stakeMicro),
          shown(isExpert(node) ? node.trust : node.validatorTrust, true),
          shown(node.consensus, isExpert(node)),
          shown(node.incentive, isExpert(node)),
          shown(node.dividends, !isExpert(node)),
          formatCredits(node.emissionMicro),
          stateOf(node, isRanked),
        ]),
    ),
  );
}

function stateOf(
  { state, permit, active, immune, role }: Metagraph['nodes'][number],
  isRanked: boolean,
): string {
  if (state === 'leaving' || state === 'absent') return state;
  if (state === 'new') return 'not active yet';
  if (role === 'expert') return immune ? 'immune' : printable(state);
  if (!permit) return 'no permit';
  return active || !isRanked ? printable(state) : 'inactive';
}

function isExpert({ role }: Metagraph['nodes'][number]): boolean {
  return role === 'expert';
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
