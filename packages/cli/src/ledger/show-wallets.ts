import { type AccountId, formatAccount, formatCredits, isMoeError } from '@market-of-experts/core';
import { listWallets } from '@market-of-experts/core/keystore';
import { connectLedger } from '../connection/connect.ts';
import type { ConnectionOptions } from '../connection/connection.ts';
import { print, printAside, printJson } from '../terminal/print.ts';
import { renderTable } from '../terminal/table.ts';
import { formatAmount, paint, paintError } from '../terminal/text.ts';
import { chooseOwner } from '../wallet/choose-key.ts';
import { walletFolder } from '../wallet/wallet-folder.ts';

type Flags = ConnectionOptions & { readonly json?: boolean };

interface Row {
  readonly name: string;
  readonly kind: 'owner' | 'node' | 'unreadable';
  /** Address with its checksum, or node id. */
  readonly id: string | null;
  /** Null where no market answers, and of nodes, which have no money. */
  readonly balanceMicro: bigint | null;
}

export async function listCommand(flags: Flags): Promise<void> {
  const folder = walletFolder(flags.data);
  const balanceOf = balances(flags);
  const wallets: Row[] = [];
  for (const { name, holder } of listWallets(folder)) {
    const account = holder?.kind === 'owner' ? holder.account : undefined;
    wallets.push({
      name,
      kind: holder?.kind ?? 'unreadable',
      id: account !== undefined ? formatAccount(account) : holder?.kind === 'node' ? holder.node : null,
      balanceMicro: account === undefined ? null : await balanceOf(account),
    });
  }
  if (flags.json) return printJson({ folder, wallets });
  if (wallets.length === 0) {
    print(`There is no wallet in ${folder}. Make one with \`moe wallet new NAME\`.`);
    return;
  }
  print(
    renderTable(
      [
        { title: 'wallet' },
        { title: 'kind' },
        { title: 'credits', align: 'right' },
        { title: 'address or node', isWhole: true },
      ],
      wallets.map(({ name, kind, id, balanceMicro }) => [
        name,
        kind,
        balanceMicro === null ? '–' : formatCredits(balanceMicro),
        id ?? '–',
      ]),
    ),
  );
}

export async function showCommand(name: string | undefined, flags: Flags): Promise<void> {
  const listed = listWallets(walletFolder(flags.data)).find((wallet) => wallet.name === name);
  if (listed?.holder?.kind === 'node') {
    const { node } = listed.holder;
    if (flags.json) printJson({ name, kind: 'node', id: node, path: listed.path });
    else print(`${paint('bold', listed.name)}, a node's key\n${node}`);
    return;
  }
  const owner = chooseOwner(name, flags);
  const id = formatAccount(owner.account);
  const balanceMicro = await balances(flags)(owner.account);
  if (flags.json) return printJson({ name: owner.name, kind: 'owner', id, balanceMicro });
  print(`${paint('bold', owner.name)}\n${id}`);
  if (balanceMicro !== null) print(formatAmount(balanceMicro));
}

/** Asks a market for balances until one is not answered: a wallet can be looked at without a market. */
function balances(flags: Flags): (account: AccountId) => Promise<bigint | null> {
  const client = connectLedger(flags);
  let isThere = true;
  return async (account) => {
    if (!isThere) return null;
    try {
      return (await client.account(account)).balanceMicro;
    } catch (error) {
      if (!isMoeError(error)) throw error;
      isThere = false;
      if (!flags.json) printAside(paintError('dim', `No balances: ${error.message}`));
      return null;
    }
  };
}
