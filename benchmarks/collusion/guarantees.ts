import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rankEpoch, type SparseRow } from '@market-of-experts/protocol';
import { gaussians } from './gaussians.ts';

const file = join(import.meta.dirname, '../../packages/protocol/vectors/yuma/consensus_guarantees.json');

/** One setting of upstream's guarantee: honest stake S_H, and how each side divides its weight. */
interface Tuple {
  readonly S_H: number;
  readonly W_H: number;
  readonly W_C: number;
  readonly weight_stddev: number;
  readonly bonds_penalty_u16: number;
  readonly mc_mean: number;
}

/** What the honest keep of the emission in the seeds; they should keep at least their share of stake. */
export interface GuaranteeRow {
  readonly honestStake: number;
  readonly honestOnHonest: number;
  readonly cabalOnCabal: number;
  readonly weightDeviation: number;
  readonly bondsPenaltyU16: number;
  /** Unstable: upstream's own generator passes only for its seed. */
  readonly isStable: boolean;
  readonly honestShare: number;
  readonly lowest: number;
  readonly highest: number;
  readonly upstreamMean: number;
  /** In every seed. */
  readonly holds: boolean;
}

const nodes = 512;
const validators = 64;
const U16 = 65_535;

/** The file's tuples, each with `seeds` graphs of its generator. */
export function guaranteeRows(seeds: number, onTuple: () => void): GuaranteeRow[] {
  const { tuples } = JSON.parse(readFileSync(file, 'utf8')) as { tuples: readonly Tuple[] };
  return tuples.map((tuple) => {
    const shares = Array.from({ length: seeds }, (_, seed) => honestShareOf(tuple, seed + 1));
    onTuple();
    return {
      honestStake: tuple.S_H,
      honestOnHonest: tuple.W_H,
      cabalOnCabal: tuple.W_C,
      weightDeviation: tuple.weight_stddev,
      bondsPenaltyU16: tuple.bonds_penalty_u16,
      isStable: tuple.bonds_penalty_u16 === U16 && !(tuple.S_H === 0.65 && tuple.W_C === 0.85),
      honestShare: shares.reduce((sum, share) => sum + share, 0) / seeds,
      lowest: Math.min(...shares),
      highest: Math.max(...shares),
      upstreamMean: tuple.mc_mean,
      holds: shares.every((share) => share >= tuple.S_H),
    };
  });
}

function honestShareOf(tuple: Tuple, seed: number): number {
  const servers = nodes - validators;
  const honestValidators = partOf(validators, tuple.S_H);
  const honestServers = validators + partOf(servers, tuple.S_H);
  const drawn = gaussians(validators * (1 + servers), 0xc0, seed);
  const stakeDraws = [...drawn.subarray(0, validators)].map((draw) => Math.max(0, 1 + 0.3 * draw));
  const stake = [
    ...scaledTo(tuple.S_H, stakeDraws.slice(0, honestValidators)),
    ...scaledTo(1 - tuple.S_H, stakeDraws.slice(honestValidators)),
  ].map((share) => Math.floor(share * 1e15));
  const weights = Array.from({ length: nodes }, (_, uid): SparseRow => {
    if (uid >= validators) return [];
    const row = drawn.subarray(validators + uid * servers, validators + (uid + 1) * servers);
    const given = [...row].map((draw) => Math.max(0, 1 + tuple.weight_stddev * draw));
    const onHonest = uid < honestValidators ? tuple.W_H : 1 - tuple.W_C;
    return [
      ...scaledTo(onHonest, given.slice(0, honestServers - validators)),
      ...scaledTo(1 - onHonest, given.slice(honestServers - validators)),
    ].map((weight, server) => [validators + server, Math.floor(weight * U16)] as const);
  });
  const isValidator = Array.from({ length: nodes }, (_, uid) => uid < validators);
  const result = rankEpoch({
    block: 2,
    stake: [...stake, ...new Array<number>(servers).fill(0)],
    validatorPermit: isValidator,
    lastUpdate: isValidator.map(() => 1),
    weights,
    params: { bondsPenaltyU16: tuple.bonds_penalty_u16, maxAllowedValidators: validators, tempo: 1 },
  });
  return result.emissionNormalized.reduce((sum, share, uid) => {
    const isHonest = uid < validators ? uid < honestValidators : uid < honestServers;
    return isHonest ? sum + share : sum;
  }, 0);
}

/** The honest part of a count: whole, and neither nobody nor everybody. */
export function partOf(count: number, share: number): number {
  return Math.max(1, Math.min(count - 1, Math.floor(share * count)));
}

/** The values scaled to this sum. */
export function scaledTo(sum: number, values: readonly number[]): number[] {
  const total = values.reduce((all, value) => all + value, 0);
  return values.map((value) => (total === 0 ? 0 : (sum * value) / total));
}
