import { bondsBought, normalizeColumns, storedBondsOf } from './bonds.ts';
import { clipAtConsensus, clippedWeights } from './clip.ts';
import { consensusOf } from './consensus.ts';
import { epochEmission } from './emission.ts';
import { type CheckedInput, checkInput, type EpochInput } from './epoch-input.ts';
import { type EpochResult, epochResult, skippedEpoch } from './epoch-result.ts';
import { epochWeights } from './epoch-weights.ts';
import { divideFixed, fixedFromU16, normalizeFixed, ONE } from './fixed.ts';
import { originalBonds } from './original-bonds.ts';
import { paperScores } from './paper-consensus.ts';
import { relativeBonds } from './relative-bonds.ts';
import { columnSums, type FixedMatrix } from './sparse-matrix.ts';
import { epochStake } from './stake.ts';
import { isTopKNonzero } from './top-k.ts';

/**
 * One epoch of ranking over a market with n uids: from stake and weights to consensus, incentive, dividends, bonds
 * and emission, with every intermediate. Pure: same input, same bits, on every machine.
 *
 * Nodes and validators share one space of uids; a market gives, say, its nodes first and rows only for validators.
 * Permits: this epoch uses those that it is given; `newValidatorPermit` is for the next. A missing weight means the
 * same as a stored zero. Feed `storedBonds` back as `bonds`.
 *
 * Source: subtensor `epoch_mechanism` (run_epoch.rs, mid-2026) with its rounding; `method: 'paper'` after Rao et
 * al.; see docs/reference/ranking.md.
 *
 * Errors: `invalid-ranking-input` for sizes that differ and for values that are not whole numbers in range. Two
 * inconsistencies skip the epoch instead, as upstream does: `lastUpdate` of another size, and keys given twice.
 */
export function rankEpoch(input: EpochInput): EpochResult {
  const checked = checkInput(input);
  if (checked.lastUpdate.length !== checked.n) return skippedEpoch(checked, 'last-update-size');
  if (!isEpochInputConsistent(input)) return skippedEpoch(checked, 'duplicate-hotkey');
  return rankChecked(checked);
}

/** False if two uids have the same holder. Source: subtensor `is_epoch_input_state_consistent`. */
export function isEpochInputConsistent(input: Pick<EpochInput, 'hotkeys'>): boolean {
  const { hotkeys = [] } = input;
  return new Set(hotkeys).size === hotkeys.length;
}

function rankChecked(input: CheckedInput): EpochResult {
  const { params } = input;
  const { stake, inactive, activeStake } = epochStake(input);
  const newValidatorPermit = isTopKNonzero(stake, params.maxAllowedValidators);
  const weights = epochWeights(input);
  const scores = params.method === 'paper' ? paper() : yuma();
  const { incentive, consensus } = scores;

  // The paper clips nothing: its bonds follow the weights as given.
  const beta = params.method === 'paper' ? 0 : fixedFromU16(params.bondsPenaltyU16);
  const isRelative = params.method === 'yuma3';
  // Where bonds follow the very weights that rank, the votes are what they buy.
  const votes = params.method === 'paper' || beta === ONE ? scores.votes : undefined;
  const { emaBonds, dividends } = isRelative
    ? relativeBonds(input, weights, consensus, beta, activeStake, incentive)
    : originalBonds(input, weights, consensus, beta, activeStake, incentive, votes);

  return epochResult({
    ...scores,
    inactive,
    stake,
    activeStake,
    dividends,
    newValidatorPermit,
    weights,
    clippedWeights: () => (params.method === 'paper' ? weights : clippedWeights(weights, consensus)),
    bondsDelta: () => columnNormalized(bondsBought(weights, consensus, beta, activeStake)),
    emaBonds,
    storedBonds: storedBondsOf(emaBonds, newValidatorPermit, !isRelative),
    ...epochEmission(incentive, dividends, activeStake, stake, params.emission),
  });

  /** Stake-weighted median clipping. */
  function yuma() {
    const consensus = consensusOf(weights, activeStake, fixedFromU16(params.kappaU16));
    const { validatorTrust, preRank, rank } = clipAtConsensus(weights, consensus, activeStake);
    const trust = rank.map((value, j) => (preRank[j] === 0 ? 0 : divideFixed(value, preRank[j]!)));
    const votes = rank.slice();
    normalizeFixed(rank);
    const incentive = params.method === 'median' ? consensus.slice() : rank;
    if (incentive !== rank) normalizeFixed(incentive);
    return { consensus, validatorTrust, votes, rank, trust, incentive };
  }

  /** The original paper: nothing is clipped, so a validator's trust is the sum of its weights. */
  function paper() {
    const { rank, trust, consensus, incentive } = paperScores(
      weights,
      activeStake,
      params.rho,
      params.kappaU16,
    );
    const { validatorTrust } = clipAtConsensus(
      weights,
      new Float64Array(input.n).fill(Infinity),
      activeStake,
    );
    const votes = rank.slice();
    normalizeFixed(rank);
    normalizeFixed(incentive);
    return { consensus, validatorTrust, votes, rank, trust, incentive };
  }
}

function columnNormalized(matrix: FixedMatrix): FixedMatrix {
  normalizeColumns(matrix, columnSums(matrix, matrix.starts.length - 1));
  return matrix;
}
