import { type MarketId, type NodeId, skeletonOf } from '@market-of-experts/core';
import type { StakeTarget } from '@market-of-experts/protocol';
import type { LedgerClient } from '@market-of-experts/sdk';
import { usageError } from '../terminal/exit-codes.ts';
import { printable } from '../terminal/text.ts';
import { readMarket } from './read-arguments.ts';

interface Candidate {
  readonly node: NodeId;
  readonly name: string;
}

export const targetHelp = `
A target is validator:NAME or MARKET/NAME, with the name or node id (or its first 8 digits or more) of a validator or expert.`;

/**
 * Finds whom `validator:NAME` or `MARKET/NAME` means. Names are not unique: where several have it, all are listed and the
 * id must be given. Throws a usage error.
 */
export async function resolveTarget(client: LedgerClient, text: string): Promise<StakeTarget> {
  const validator = /^validator:(.+)$/s.exec(text);
  if (validator !== null) return { role: 'validator', node: await resolveValidator(client, validator[1]!) };
  const expert = /^([^/]+)\/(.+)$/s.exec(text);
  if (expert === null)
    throw usageError(
      `"${printable(text).slice(0, 80)}" names nobody to stake on. Write validator:NAME or MARKET/NAME, e.g. text-embedding/minilm-l6.`,
    );
  const market = readMarket(expert[1]!);
  return { role: 'expert', market, node: await resolveExpert(client, market, expert[2]!) };
}

export async function resolveValidator(client: LedgerClient, text: string): Promise<NodeId> {
  const { validators } = await client.validators();
  return theOne(text, validators, 'validator', 'moe validator list', 'validator:');
}

async function resolveExpert(client: LedgerClient, market: MarketId, text: string): Promise<NodeId> {
  const { nodes } = await client.metagraph(market);
  const experts = nodes.filter(({ role }) => role === 'expert');
  return theOne(text, experts, `expert of ${market}`, `moe metagraph ${market}`, `${market}/`);
}

function theOne(
  text: string,
  candidates: readonly Candidate[],
  what: string,
  list: string,
  prefix: string,
): NodeId {
  const isIdLike = /^[0-9a-f]{8,64}$/.test(text);
  const exact = candidates.filter(({ name, node }) => name === text || (isIdLike && node.startsWith(text)));
  // A name that looks like another's may be a trap: then the id must be said.
  const look = skeletonOf(text);
  const found =
    exact.length !== 1 || isIdLike ? exact : candidates.filter(({ name }) => skeletonOf(name) === look);
  if (found.length === 1) return found[0]!.node;
  const shown = printable(text).slice(0, 80);
  if (found.length === 0) throw usageError(`There is no ${what} "${shown}". \`${list}\` shows who there is.`);
  const ids = found.slice(0, 8).map(({ node }) => `${prefix}${node.slice(0, 16)}`);
  throw usageError(
    `"${shown}" is the name of ${found.length} nodes, or looks like it; say which by its id: ${ids.join(', ')}${found.length > 8 ? ', …' : ''}.`,
  );
}

/** How a target is written, for people. */
export function formatTarget(target: StakeTarget, name?: string): string {
  const who = name === undefined ? `${target.node.slice(0, 16)}…` : printable(name);
  return target.role === 'validator' ? `validator:${who}` : `${target.market}/${who}`;
}
