import type { AccountFacts } from '@market-of-experts/api/ledger-facts';
import { formatAccount, formatCredits } from '@market-of-experts/core';
import { jsonOf, type LedgerClient } from '@market-of-experts/sdk';
import { connectLedger } from '../connection/connect.ts';
import type { ConnectionOptions } from '../connection/connection.ts';
import { print, printJson } from '../terminal/print.ts';
import { renderTable } from '../terminal/table.ts';
import { formatAmount, paint } from '../terminal/text.ts';
import { chooseOwner } from '../wallet/choose-key.ts';
import { leavingSentence } from './leaving-sentence.ts';
import { readAccount } from './read-arguments.ts';
import { formatTarget } from './resolve-target.ts';

/** `moe stake show` */
export async function showStake(
  account: string | undefined,
  flags: ConnectionOptions & { readonly json?: boolean },
): Promise<void> {
  const id = account === undefined ? chooseOwner(undefined, flags).account : readAccount(account, flags);
  const client = connectLedger(flags);
  const value = await client.account(id);
  if (flags.json) return printJson(jsonOf(value));
  show(value, (await client.network()).epoch, await namesOf(client, value));
}

/** Names of the nodes that an account has to do with, by id. */
async function namesOf(
  client: LedgerClient,
  { nodes, delegations, unbondings }: AccountFacts,
): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>(
    [...nodes, ...delegations].map(({ target, name }) => [target.node, name]),
  );
  const others = unbondings
    .flatMap(({ target, to }) => (to === undefined ? [target] : [target, to]))
    .filter(({ node }) => !names.has(node));
  if (others.some(({ role }) => role === 'validator'))
    for (const { node, name } of (await client.validators()).validators) names.set(node, name);
  const markets = new Set(others.flatMap((target) => (target.role === 'expert' ? [target.market] : [])));
  for (const market of markets)
    for (const { node, name } of (await client.metagraph(market)).nodes) names.set(node, name);
  return names;
}

function show(answer: AccountFacts, epoch: number, names: ReadonlyMap<string, string>): void {
  const { account, balanceMicro, lockedMicro, prepaid, nodes, delegations, unbondings } = answer;
  print(`${paint('bold', formatAccount(account))}: ${formatAmount(balanceMicro)}`);
  if (lockedMicro > 0n) print(`${formatAmount(lockedMicro)} locked to pay for work`);
  for (const { market, leaving } of prepaid)
    if (leaving !== undefined) print(`${leavingSentence(leaving)} (${market})`);
  const name = (target: AccountFacts['delegations'][number]['target']): string =>
    formatTarget(target, names.get(target.node));
  if (nodes.length + delegations.length + unbondings.length === 0) {
    print('Nothing staked. `moe metagraph` and `moe validator list` show whom to stake on.');
    return;
  }
  print();
  print(
    renderTable(
      [{ title: 'stake' }, { title: 'on' }, { title: 'credits', align: 'right' }, { title: 'when' }],
      [
        ...nodes.flatMap(({ target, ownMicro, delegatedMicro, pendingMicro, leavesAtEpoch }) => {
          const until = leavesAtEpoch === undefined ? '' : `paid when epoch ${leavesAtEpoch} begins`;
          return [
            ['your own node', name(target), formatCredits(ownMicro), until],
            ...(delegatedMicro > 0n ? [["others' on it", '', formatCredits(delegatedMicro), until]] : []),
            ...(pendingMicro > 0n
              ? [['waits', name(target), formatCredits(pendingMicro), `counts from epoch ${epoch + 1}`]]
              : []),
          ];
        }),
        ...delegations.flatMap(({ target, valueMicro, pendingMicro }) => [
          ...(valueMicro > 0n || pendingMicro === 0n
            ? [['delegated', name(target), formatCredits(valueMicro), '']]
            : []),
          ...(pendingMicro > 0n
            ? [['waits', name(target), formatCredits(pendingMicro), `counts from epoch ${epoch + 1}`]]
            : []),
        ]),
        ...unbondings.map(({ target, valueMicro, releaseEpoch, to }) => [
          'unbonding',
          name(target),
          formatCredits(valueMicro),
          to === undefined
            ? `paid when epoch ${releaseEpoch} begins`
            : `goes to ${name(to)} when epoch ${releaseEpoch} begins`,
        ]),
      ],
    ),
  );
  print(paint('dim', `It is epoch ${epoch}.`));
}
