import { formatAccount, toHex } from '@market-of-experts/core';
import { networkIdSchema, signConsent } from '@market-of-experts/protocol';
import { usageError } from '../terminal/exit-codes.ts';
import { print, printJson } from '../terminal/print.ts';
import { chooseNode, type KeyOptions } from '../wallet/choose-key.ts';
import { readAccount } from './read-arguments.ts';

/** `moe wallet consent`: the node's agreement to serve an owner in a network. */
export async function consentCommand(
  name: string,
  flags: KeyOptions & { readonly owner: string; readonly network: string; readonly json?: boolean },
): Promise<void> {
  const network = networkIdSchema.safeParse(flags.network);
  if (!network.success) throw usageError('--network is the name of a network, as `moe epoch` shows it.');
  const owner = readAccount(flags.owner, flags);
  const chosen = chooseNode(name, flags);
  const consent = `0x${toHex(signConsent(await chosen.unlock(), network.data, owner))}`;
  if (flags.json)
    return printJson({ node: chosen.node, owner: formatAccount(owner), network: network.data, consent });
  print(`--node-id ${chosen.node} --consent ${consent}`);
}
