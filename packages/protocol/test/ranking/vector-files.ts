/** Test fixture: the vector files under `packages/protocol/vectors/yuma` and their snake_case epochs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EpochInput, RankingParameters } from '../../src/ranking/epoch-input.ts';
import type { SparseRows } from '../../src/ranking/sparse-matrix.ts';

const folder = join(import.meta.dirname, '..', '..', 'vectors', 'yuma');

export function readVectors<File>(name: string): File {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as File;
}

/** `params` of an epoch vector. */
export interface VectorParams {
  readonly kappa_u16?: number;
  readonly bonds_penalty_u16?: number;
  readonly bonds_moving_average_millionths?: number;
  readonly yuma3?: boolean;
  readonly liquid_alpha?: boolean;
  readonly alpha_low_u16?: number;
  readonly alpha_high_u16?: number;
  readonly alpha_sigmoid_steepness?: number;
  readonly max_allowed_validators?: number;
  readonly activity_cutoff_blocks?: number;
  readonly tempo?: number;
  readonly last_mechanism_step_block?: number;
  readonly owner_uid?: number | null;
  readonly commit_reveal?: boolean;
  readonly stake_threshold?: number;
  readonly emission_rao?: number;
}

/** `inputs` of a step. */
export interface VectorInputs {
  readonly block: number;
  readonly stake: readonly number[];
  readonly validator_permit: readonly boolean[];
  readonly last_update: readonly number[];
  readonly block_at_registration?: readonly number[];
  readonly weights: SparseRows;
  readonly bonds?: SparseRows;
}

export function parametersOf(params: VectorParams): Partial<RankingParameters> {
  const named = {
    method: params.yuma3 ? ('yuma3' as const) : ('yuma' as const),
    kappaU16: params.kappa_u16,
    bondsPenaltyU16: params.bonds_penalty_u16,
    bondsMovingAverageMillionths: params.bonds_moving_average_millionths,
    liquidAlpha: params.liquid_alpha,
    alphaLowU16: params.alpha_low_u16,
    alphaHighU16: params.alpha_high_u16,
    alphaSigmoidSteepness: params.alpha_sigmoid_steepness,
    maxAllowedValidators: params.max_allowed_validators,
    activityCutoffBlocks: params.activity_cutoff_blocks,
    tempo: params.tempo,
    lastMechanismStepBlock: params.last_mechanism_step_block,
    ownerUid: params.owner_uid,
    commitReveal: params.commit_reveal,
    stakeThreshold: params.stake_threshold,
    emission: params.emission_rao,
  };
  return Object.fromEntries(
    Object.entries(named).filter(([, value]) => value !== undefined),
  ) as Partial<RankingParameters>;
}

export function inputOf(inputs: VectorInputs, params: VectorParams): EpochInput {
  return {
    block: inputs.block,
    stake: inputs.stake,
    validatorPermit: inputs.validator_permit,
    lastUpdate: inputs.last_update,
    ...(inputs.block_at_registration && { blockAtRegistration: inputs.block_at_registration }),
    weights: inputs.weights,
    ...(inputs.bonds && { bonds: inputs.bonds }),
    params: parametersOf(params),
  };
}
