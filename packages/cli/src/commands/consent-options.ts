import { fromHex, type NodeId, nodeIdSchema } from '@market-of-experts/core';
import type { Command } from 'commander';
import { usageError } from '../terminal/exit-codes.ts';
import { type ChosenNode, chooseNode, type KeyOptions } from '../wallet/choose-key.ts';

export interface ConsentFlags {
  readonly node?: string;
  readonly nodeId?: string;
  readonly consent?: string;
}

/** Stands where the node's signature comes. */
const unsigned = new Uint8Array(64);

/** A node that agrees to serve an owner: its key is here, or it agreed on another machine. */
export interface ConsentingNode {
  readonly node: NodeId;
  readonly name: string | undefined;
  readonly consent: Uint8Array;
  readonly consentOf?: ChosenNode;
}

export function addConsentOptions(command: Command): Command {
  return command
    .option('--node <name>', "node's key on this machine (moe wallet node)")
    .option('--node-id <id>', 'a node on another machine, with its --consent')
    .option('--consent <signature>', 'what `moe wallet consent` printed there');
}

export const consentHelp = `
A node agrees to be registered with its own key. Where that key is on another machine, run there
\`moe wallet consent NODE --owner YOUR-ADDRESS --network NETWORK\` and give --node-id and --consent here.`;

/** Throws a usage error unless the node is said in one of the two ways. */
export function readConsent(flags: ConsentFlags, options: KeyOptions): ConsentingNode {
  if (flags.node !== undefined && flags.nodeId === undefined && flags.consent === undefined) {
    const chosen = chooseNode(flags.node, options);
    return { node: chosen.node, name: chosen.name, consent: unsigned, consentOf: chosen };
  }
  if (flags.node !== undefined || flags.nodeId === undefined || flags.consent === undefined)
    throw usageError(
      'Say which node: --node NAME for a key on this machine (make one with `moe wallet node NAME`), or --node-id with --consent.',
    );
  const node = nodeIdSchema.safeParse(flags.nodeId);
  if (!node.success) throw usageError('--node-id is the id of a node: 64 small hex digits.');
  if (!/^0x[0-9a-f]{128}$/.test(flags.consent))
    throw usageError(
      '--consent is a signature: 0x and 128 small hex digits, as `moe wallet consent` prints it.',
    );
  return { node: node.data, name: undefined, consent: fromHex(flags.consent.slice(2)) };
}
