import type { Clock, Hash, KeyPair, NodeId, Random } from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';
import type { ArrivalRecord, Order, OrderBody, Roster, Statement } from '@market-of-experts/protocol';
import type { SaltedDatum } from '../../job/asked-question.ts';
import { call } from '../../messages/messaging.ts';
import type { MarketView } from '../../view/market-view.ts';
import type { StageReport } from '../../view/pace.ts';

/** In their order. Rejects with what the model rejects with, and with the reason of the signal. */
export type PositionsOf = (texts: readonly string[], signal: AbortSignal) => Promise<readonly Uint8Array[]>;

export interface ShardJobComponents {
  readonly keys: KeyPair;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  /** Which validators note the job, and how its data are cut. */
  readonly view: Pick<MarketView, 'validators' | 'isQuorum' | 'task'>;
  /** Where texts lie, by the market's base encoder: a byte for each dimension of its space. Default: nobody says it. */
  readonly positionsOf?: PositionsOf | undefined;
  /** Called with two statements of one expert that exclude one another. */
  readonly onEquivocation?:
    | ((statements: readonly [Statement, Statement], orders: readonly OrderBody[]) => void)
    | undefined;
  /** Told how the stages go in which experts work. */
  readonly onStage?: ((report: StageReport) => void) | undefined;
}

export interface ShardJobInput {
  /** Sorted by their ids. */
  readonly orders: readonly Order[];
  readonly roster: Roster;
  readonly rosterHash: Hash;
  /** Texts of the orders, with the salts of their hashes. */
  readonly data: readonly SaltedDatum[];
  /** Hands out texts that stand among them as further wrong answers, once the job is drawn; default none. */
  readonly takeReserve?: (near: ArrayLike<number> | undefined) => readonly string[];
  readonly signal: AbortSignal;
}

/** One job under way: what its stages are given, and what they leave besides the job itself. */
export interface ShardRun {
  readonly components: ShardJobComponents;
  readonly input: ShardJobInput;
  /** Of stages that go on without the client: they end by their deadlines. */
  readonly untilDone: AbortSignal;
  /** What witnesses testify to have reached them. */
  readonly arrivals: ArrivalRecord[];
  /** From the request to the first commit, by worker. */
  readonly latenciesMs: Map<NodeId, number>;
}

export function shardRun(components: ShardJobComponents, input: ShardJobInput): ShardRun {
  return {
    components,
    input,
    untilDone: new AbortController().signal,
    arrivals: [],
    latenciesMs: new Map(),
  };
}

/**
 * Rounds of asking for notes and for certificates: some have noted or seen the job by then, so to give it up early would hold its
 * client's next orders up until its time is over (docs/decisions/0021-delivered-work-is-paid.md).
 */
export const attempts = 3;

export function ask<Answer>(
  { components: { transport } }: ShardRun,
  to: NodeId,
  protocol: string,
  request: Uint8Array,
  answer: Parameters<typeof call<Answer>>[4],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Answer> {
  return call(transport, to, protocol, request, answer, { timeoutMs, signal });
}

/** Seats without an answer have taken all of the time. */
export function reportStage(
  run: ShardRun,
  seats: number,
  answersMs: readonly number[],
  deadlineMs: number,
): void {
  const missing = new Array<number>(Math.max(0, seats - answersMs.length)).fill(deadlineMs);
  run.components.onStage?.({ answersMs: [...answersMs, ...missing], deadlineMs });
}
