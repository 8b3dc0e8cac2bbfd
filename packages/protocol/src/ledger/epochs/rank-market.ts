import type { NodeId } from '@market-of-experts/core';
import { rankEpoch, type SparseRow } from '../../ranking/index.ts';
import { servingExperts } from '../registration/market-experts.ts';
import { currentTarget } from '../staking/rotation.ts';
import type { Expert, Validator } from '../state/node-records.ts';
import type { Ranking } from '../state/ranking-records.ts';
import type { Market } from '../state/records.ts';
import { sortedEntries } from '../state/sorted-records.ts';
import { type StateView, weightsKey } from '../state/state.ts';
import { hasSeat } from '../validators/attendance.ts';
import { isPermitted } from './weights.ts';

/** Block numbers of the ranking are epochs. */
const tempo = 1;

/**
 * Ranks a market's experts by the weights in force. One list of uids holds the experts, then the validators, each in the
 * order of their ids; only validators have stake there, and only what was staked when the epoch began and still is. A
 * validator that never revealed weights in the market does not count, so that nobody can stop a ranking by registering: what
 * holds upstream only after the cutoff. Without a seat (`attendance.ts`) there is no stake here, and so no permit. Weight on the validator's own node, should it be an expert too, is left out
 * (upstream's diagonal). Bonds are stored. `emissionMicro` is what experts and validators get together.
 */
export function rankMarket(
  view: StateView,
  { market, terms }: Market,
  emissionMicro: bigint,
): Pick<Ranking, 'permits' | 'experts' | 'validators'> {
  const network = view.network.get('network')!;
  const { epoch } = network;
  const experts = servingExperts(view, market);
  const validators = sortedEntries(view.validators)
    .map(([, validator]) => validator)
    .filter(({ leavesAtEpoch }) => leavesAtEpoch === undefined);
  const uidOf = new Map<NodeId, number>(experts.map(({ node }, uid) => [node, uid]));
  const first = experts.length;
  const rowsOf = (table: 'weights' | 'bonds'): Record<number, (readonly [number, number])[]> =>
    Object.fromEntries(
      validators.map(({ node }, index) => [
        first + index,
        rowOf(view, market, node, view[table].get(weightsKey(market, node))?.values ?? [], uidOf),
      ]),
    );
  const { activityCutoffEpochs, ...ranking } = terms.ranking;
  const commits = earliestCommits(view, market);
  const zeros = new Array<number>(first).fill(0);
  const result = rankEpoch({
    block: epoch,
    stake: [
      ...zeros,
      ...validators.map((validator) => (hasSeat(validator, network) ? rankedStake(validator) : 0n)),
    ],
    validatorPermit: [
      ...zeros.map(() => false),
      ...validators.map(
        ({ node }) =>
          view.weights.get(weightsKey(market, node)) !== undefined && isPermitted(view, market, node),
      ),
    ],
    lastUpdate: [
      ...zeros,
      ...validators.map(({ node }) => view.weights.get(weightsKey(market, node))?.epoch ?? 0),
    ],
    blockAtRegistration: [...experts, ...validators].map(({ registeredEpoch }) => registeredEpoch),
    commitBlocks: [...zeros.map(() => null), ...validators.map(({ node }) => commits.get(node) ?? null)],
    weights: rowsOf('weights'),
    bonds: rowsOf('bonds'),
    params: {
      ...ranking,
      maxAllowedValidators: terms.permits,
      tempo,
      activityCutoffBlocks: activityCutoffEpochs,
      lastMechanismStepBlock: epoch - 1,
      commitReveal: true,
      emission: Number(emissionMicro),
    },
  });
  validators.forEach(({ node }, index) => {
    storeBonds(view, market, node, epoch, result.storedBonds[first + index] ?? [], experts);
  });
  // Where no weight counted, the ranking falls back to stake; a market that nobody ranked pays nothing.
  const isRanked = result.incentive.some((share) => share > 0);
  const emissionOf = (uid: number): bigint => (isRanked ? BigInt(result.emission[uid]!) : 0n);
  return {
    permits: validators
      .filter((_, index) => result.newValidatorPermit[first + index])
      .map(({ node }) => node),
    experts: experts.map(({ node }, uid) => ({
      node,
      consensus: result.u16.consensus[uid]!,
      rank: result.u16.rank[uid]!,
      trust: result.u16.trust[uid]!,
      incentive: result.u16.incentive[uid]!,
      emissionMicro: emissionOf(uid),
    })),
    validators: validators.map(({ node }, index) => ({
      node,
      activeStake: Math.floor(result.activeStake[first + index]! * 65_535),
      validatorTrust: result.u16.validatorTrust[first + index]!,
      dividends: result.u16.dividends[first + index]!,
      emissionMicro: emissionOf(first + index),
    })),
  };
}

function rankedStake({ stakeMicro, epochStakeMicro }: Validator): bigint {
  return stakeMicro < epochStakeMicro ? stakeMicro : epochStakeMicro;
}

/** A validator's row by uid; experts that are gone fall out, replaced keys are followed. */
function rowOf(
  view: StateView,
  market: Market['market'],
  validator: NodeId,
  values: readonly (readonly [NodeId, number])[],
  uidOf: ReadonlyMap<NodeId, number>,
): (readonly [number, number])[] {
  const row = new Map<number, number>();
  for (const [named, value] of values) {
    const { node } = currentTarget(view, { role: 'expert', market, node: named });
    const uid = uidOf.get(node);
    // An old and a new key of one expert may both be named.
    if (uid !== undefined && node !== validator) row.set(uid, Math.min(65_535, (row.get(uid) ?? 0) + value));
  }
  return [...row].sort(([a], [b]) => a - b);
}

/** For each validator, the first epoch in which it promised weights that it has not opened. */
function earliestCommits(view: StateView, market: Market['market']): ReadonlyMap<NodeId, number> {
  const earliest = new Map<NodeId, number>();
  for (const [, commit] of sortedEntries(view.weightCommits)) {
    if (commit.market !== market) continue;
    const known = earliest.get(commit.validator);
    if (known === undefined || commit.epoch < known) earliest.set(commit.validator, commit.epoch);
  }
  return earliest;
}

/** Bonds are kept by node: uids change whenever somebody joins or leaves. */
function storeBonds(
  view: StateView,
  market: Market['market'],
  validator: NodeId,
  epoch: number,
  row: SparseRow,
  experts: readonly Expert[],
): void {
  const values = row.map(([uid, value]): [NodeId, number] => [experts[uid]!.node, value]);
  const key = weightsKey(market, validator);
  if (values.length > 0) view.bonds.set(key, { market, validator, epoch, values });
  else view.bonds.delete(key);
}
