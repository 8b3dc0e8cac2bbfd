import { formatAccount, formatCredits } from '@market-of-experts/core';
import type { Market } from '@market-of-experts/protocol';
import { problemsOfJoining } from '@market-of-experts/protocol';
import { jsonOf } from '@market-of-experts/sdk';
import { connectLedger } from '../connection/connect.ts';
import type { ConnectionOptions } from '../connection/connection.ts';
import { print, printJson } from '../terminal/print.ts';
import { renderTable } from '../terminal/table.ts';
import { formatAmount, formatShare, paint, printable } from '../terminal/text.ts';
import { fieldsOf, termsOf } from '../terms/terms-of.ts';
import { readMarket } from './read-arguments.ts';

type Flags = ConnectionOptions & { readonly json?: boolean };

export async function listMarkets(flags: Flags): Promise<void> {
  const value = await connectLedger(flags).markets();
  if (flags.json) return printJson(jsonOf(value));
  print(
    renderTable(
      [
        { title: 'market' },
        { title: 'title' },
        { title: 'experts', align: 'right' },
        { title: 'to join', align: 'right' },
        { title: 'emission', align: 'right' },
        { title: 'pool', align: 'right' },
        { title: 'state' },
      ],
      value.markets.map((market) => [
        printable(market.market),
        printable(market.terms.title),
        `${market.expertCount}/${market.terms.maximumExperts}`,
        formatCredits(market.registrationMicro),
        formatCredits(market.terms.emission.perEpochMicro),
        formatCredits(market.poolMicro),
        stateOf(market),
      ]),
    ),
  );
  print(
    paint(
      'dim',
      'to join: deposit of a registration now, beside the stake. emission: credits an epoch, before halvings.',
    ),
  );
}

function stateOf({ closesAtEpoch, next }: Market): string {
  if (closesAtEpoch !== undefined) return `closes when epoch ${closesAtEpoch} begins`;
  return next === undefined ? 'open' : `new terms when epoch ${next.fromEpoch} begins`;
}

export async function showMarket(name: string, flags: Flags): Promise<void> {
  const client = connectLedger(flags);
  const value = await client.market(readMarket(name));
  const raw = jsonOf(value);
  const { next: announced, ...market } = value;
  const problems = problemsOfJoining(
    {
      ...market,
      terms: termsOf(raw.terms, client.url),
      ...(announced === undefined
        ? {}
        : { next: { ...announced, terms: termsOf((raw.next as { terms?: unknown }).terms, client.url) } }),
    },
    (await client.network()).rules,
  );
  if (flags.json) return printJson({ ...raw, againstJoining: problems });
  print(`${paint('bold', value.market)}: ${printable(value.terms.title)}`);
  print(`owner         ${formatAccount(value.owner)}`);
  print(`state         ${stateOf(value)}`);
  print(`experts       ${value.expertCount} of ${value.terms.maximumExperts} at most`);
  print(`to join       ${joining(value)}`);
  print(`pool          ${formatAmount(value.poolMicro)}, from which emission is paid`);
  print(`deposit       ${formatAmount(value.depositMicro)}, returned to the owner when it closes`);
  print(
    `caution       ${problems.length === 0 ? 'nothing in its terms speaks against joining' : 'a careful expert does not join, nor does the house:'}`,
  );
  for (const problem of problems) print(`              - ${printable(problem)}`);
  print();
  const next = value.next === undefined ? undefined : fieldsOf((raw.next as { terms?: unknown }).terms ?? {});
  const current = fieldsOf(raw.terms);
  print(
    renderTable(
      [
        { title: 'term' },
        { title: 'value', isWhole: true },
        ...(next === undefined ? [] : [{ title: `from epoch ${value.next!.fromEpoch}` }]),
      ],
      [...current].map(([path, text]) => [
        printable(path),
        printable(text),
        ...(next === undefined || next.get(path) === text ? [] : [printable(next.get(path) ?? '–')]),
      ]),
    ),
  );
  print(paint('dim', `What they mean: moe market template --like ${value.market}`));
}

export async function quoteMarket(name: string, flags: Flags): Promise<void> {
  const client = connectLedger(flags);
  const value = await client.market(readMarket(name));
  const { market, registrationMicro, terms } = value;
  const stakeMicro = terms.parameters.minimumStakeMicro;
  if (flags.json)
    return printJson({
      market,
      registrationMicro,
      minimumStakeMicro: stakeMicro,
      totalMicro: registrationMicro + stakeMicro,
    });
  print(`${paint('bold', formatAmount(registrationMicro + stakeMicro))} to join ${market} now`);
  print(`  ${joining(value)}`);
  const { riseBps, decayBps, floorMicro, capMicro } = terms.registration;
  print(
    `  Each registration raises the deposit by ${formatShare(riseBps)}; each epoch takes ${formatShare(decayBps)} of what it is above ${formatCredits(floorMicro)} away; it is never more than ${formatCredits(capMicro)}.`,
  );
}

function joining({ registrationMicro, terms }: Market): string {
  return `a deposit of ${formatAmount(registrationMicro)}, and ${formatCredits(terms.parameters.minimumStakeMicro)} of own stake or more`;
}
