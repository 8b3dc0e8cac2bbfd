import { ModelPot } from './staking-model-pot.ts';

/** One registration, whatever key its node has by now. */
export interface ModelNode {
  readonly id: number;
  readonly market: string | undefined;
  readonly owner: string;
  key: string;
  ownMicro: bigint;
  readonly delegated: ModelPot;
  /** By account, epoch of release and destination. */
  readonly unbonding: ModelPot;
  readonly exits: Map<string, Exit>;
  readonly pending: Map<string, bigint>;
  commissionBps: number;
  nextCommission: { bps: number; fromEpoch: number } | undefined;
  leavesAtEpoch: number | undefined;
  /** When its key was last replaced. */
  rotatedEpoch: number | undefined;
  /** When it was last punished by evidence. */
  punishedEpoch: number | undefined;
  depositMicro: bigint;
  readonly immuneUntilEpoch: number;
}
interface Exit {
  readonly account: string;
  readonly releaseEpoch: number;
  readonly to: ModelNode | undefined;
}

/** Names one exit: an account's, in one epoch, to one destination. */
export const exitId = (account: string, releaseEpoch: number, to: ModelNode | undefined): string =>
  `${account}/${releaseEpoch}/${to?.id ?? ''}`;

export const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** A registration that begins. */
export function newNode(
  given: Pick<
    ModelNode,
    'id' | 'market' | 'owner' | 'key' | 'ownMicro' | 'commissionBps' | 'depositMicro' | 'immuneUntilEpoch'
  >,
): ModelNode {
  return {
    ...given,
    delegated: new ModelPot(),
    unbonding: new ModelPot(),
    exits: new Map(),
    pending: new Map(),
    nextCommission: undefined,
    leavesAtEpoch: undefined,
    rotatedEpoch: undefined,
    punishedEpoch: undefined,
  };
}

/** Shares out what a node earned; the part that its owner is paid. */
export function reward(node: ModelNode, micro: bigint): bigint {
  const delegated = node.delegated.totalMicro;
  const stake = node.ownMicro + delegated;
  const theirs = stake === 0n ? 0n : (micro * delegated) / stake;
  const added = theirs - (theirs * BigInt(node.commissionBps)) / 10_000n;
  node.delegated.becomes(delegated + added);
  return micro - added;
}

/** All that is taken, and the owner's own part of it. */
export function slash(node: ModelNode, wantedMicro: bigint): { readonly all: bigint; readonly own: bigint } {
  const { delegated, unbonding } = node;
  const all = node.ownMicro + delegated.totalMicro + unbonding.totalMicro;
  const taken = min(wantedMicro, all);
  if (taken === 0n) return { all: 0n, own: 0n };
  let ofDelegated = (taken * delegated.totalMicro) / all;
  let ofUnbonding = (taken * unbonding.totalMicro) / all;
  // What rounding leaves over: first the owner's, then the delegators', then who is leaving.
  let left = taken - ofDelegated - ofUnbonding;
  const ofOwn = min(left, node.ownMicro);
  left -= ofOwn;
  const more = min(left, delegated.totalMicro - ofDelegated);
  ofDelegated += more;
  ofUnbonding += left - more;
  node.ownMicro -= ofOwn;
  delegated.becomes(delegated.totalMicro - ofDelegated);
  unbonding.becomes(unbonding.totalMicro - ofUnbonding);
  return { all: taken, own: ofOwn };
}

export function hasPart(node: ModelNode, account: string): boolean {
  return node.delegated.parts.has(account) || (node.pending.get(account) ?? 0n) > 0n;
}
