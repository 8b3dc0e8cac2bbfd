import { invalidInput, nameOf } from './invalid-input.ts';
import { packRows, type SparseMatrix, type SparseRows } from './sparse-matrix.ts';

/** How a market's validators are turned into ranks, as its owner chooses. Every default is upstream's. */
export interface RankingRules {
  /**
   * `yuma`: the consensus as run today. `yuma3`: with bonds relative to weights. `median`: as `yuma`, but incentive is the
   * consensus itself, so that who deviates from the majority takes nothing from anybody (ours). `paper`: the original
   * paper's.
   */
  readonly method: 'yuma' | 'yuma3' | 'median' | 'paper';
  /** Majority κ of the consensus, in 65535ths. Default 32767. */
  readonly kappaU16: number;
  /** β: how far bonds follow clipped instead of given weights, in 65535ths. Default 65535. */
  readonly bondsPenaltyU16: number;
  /** Share of the old bonds kept each epoch, in millionths: 1 − α. Default 900000. */
  readonly bondsMovingAverageMillionths: number;
  /** `yuma3` only: a rate α for every edge from how far weight, bond and consensus lie apart. Default off. */
  readonly liquidAlpha: boolean;
  /** Bounds of the liquid rate, in 65535ths. Defaults 45875 and 58982. */
  readonly alphaLowU16: number;
  readonly alphaHighU16: number;
  /** Steepness of the liquid rate's sigmoid, in hundredths. Default 1000. */
  readonly alphaSigmoidSteepness: number;
}

/** All that one market's ranking goes by. Every default is upstream's. */
export interface RankingParameters extends RankingRules {
  /** `paper` only: ρ of its trust sigmoid. Default 10. */
  readonly rho: number;
  /** How many uids get a validator's permit for the next epoch. Default 64. */
  readonly maxAllowedValidators: number;
  /** Blocks between epochs. Default 360. */
  readonly tempo: number;
  /** Blocks after its last update at which a validator counts as inactive. Default 13.889 × tempo, at least 1. */
  readonly activityCutoffBlocks: number;
  /** Block of the last epoch that was run; 0 if unknown (`block − tempo` is taken). Default 0. */
  readonly lastMechanismStepBlock: number;
  /** The uid of the market's owner, whose weight on itself counts; null for none. Default null. */
  readonly ownerUid: number | null;
  /** Whether weights are committed before they are revealed: `commitBlocks` is then looked at. Default off. */
  readonly commitReveal: boolean;
  /** Stake below this counts as none. Default 0. */
  readonly stakeThreshold: number;
  /** What the epoch emits to nodes and validators together, whole units. Default 0. */
  readonly emission: number;
}

/** State of a market with n uids before its epoch, as plain arrays indexed by uid. */
export interface EpochInput {
  readonly block: number;
  /** Whole units; bigint where they may pass 2⁵³. */
  readonly stake: readonly (number | bigint)[];
  /** Who may set weights in this epoch: the last epoch's `newValidatorPermit`. */
  readonly validatorPermit: readonly boolean[];
  /** Block at which each uid last set weights. */
  readonly lastUpdate: readonly number[];
  /** Block at which each uid was taken by its present holder. Default all 0. */
  readonly blockAtRegistration?: readonly number[];
  /** u16 weights that each uid gave. */
  readonly weights: SparseRows | SparseMatrix;
  /** u16 bonds as the last epoch stored them. Default none. */
  readonly bonds?: SparseRows | SparseMatrix;
  /** With commit–reveal: block of each uid's earliest commit that is still open, null for none. Default none. */
  readonly commitBlocks?: readonly (number | null)[];
  /** Keys of the uids' holders; a key twice makes the state inconsistent and the epoch is skipped. */
  readonly hotkeys?: readonly string[];
  readonly params?: Partial<RankingParameters>;
}

/** An {@link EpochInput} that was checked and packed. */
export interface CheckedInput {
  readonly n: number;
  readonly block: number;
  readonly stake: readonly bigint[];
  readonly validatorPermit: readonly boolean[];
  readonly lastUpdate: readonly number[];
  readonly blockAtRegistration: readonly number[];
  readonly weights: SparseMatrix;
  readonly bonds: SparseMatrix;
  readonly commitBlocks: readonly (number | null)[];
  readonly params: RankingParameters;
}

/** Most uids of one market: a uid is a u16. */
const MOST_UIDS = 65_536;

/**
 * Upstream's defaults.
 * @public
 */
export const defaultRankingParameters: Omit<RankingParameters, 'activityCutoffBlocks'> = {
  method: 'yuma',
  kappaU16: 32_767,
  bondsPenaltyU16: 65_535,
  bondsMovingAverageMillionths: 900_000,
  liquidAlpha: false,
  alphaLowU16: 45_875,
  alphaHighU16: 58_982,
  alphaSigmoidSteepness: 1_000,
  rho: 10,
  maxAllowedValidators: 64,
  tempo: 360,
  lastMechanismStepBlock: 0,
  ownerUid: null,
  commitReveal: false,
  stakeThreshold: 0,
  emission: 0,
};

/**
 * Checks everything but what upstream tolerates: a `lastUpdate` of another size and keys that appear twice are left
 * to the epoch, which is then skipped. Errors: `invalid-ranking-input`.
 */
export function checkInput(input: EpochInput): CheckedInput {
  if (!Array.isArray(input.stake)) throw invalidInput('stake must be a list with one amount for each uid.');
  const n = input.stake.length;
  if (n > MOST_UIDS)
    throw invalidInput(`stake has ${n} entries; one market holds ${MOST_UIDS} uids at most.`);
  whole(input.block, 'block');
  const stake = input.stake.map((amount, uid) => stakeOf(amount, uid));
  const permits = sized(input.validatorPermit, n, 'validatorPermit');
  for (let uid = 0; uid < n; uid += 1)
    if (typeof permits[uid] !== 'boolean')
      throw invalidInput(`validatorPermit[${uid}] must be true or false.`);
  if (!Array.isArray(input.lastUpdate)) throw invalidInput('lastUpdate must be a list of blocks.');
  input.lastUpdate.forEach((block, uid) => {
    whole(block, `lastUpdate[${uid}]`);
  });
  const blockAtRegistration = sized(
    input.blockAtRegistration ?? new Array(n).fill(0),
    n,
    'blockAtRegistration',
  );
  blockAtRegistration.forEach((block, uid) => {
    whole(block, `blockAtRegistration[${uid}]`);
  });
  const commitBlocks = sized(input.commitBlocks ?? new Array(n).fill(null), n, 'commitBlocks');
  commitBlocks.forEach((block, uid) => {
    if (block !== null) whole(block, `commitBlocks[${uid}]`);
  });
  if (input.hotkeys !== undefined) sized(input.hotkeys, n, 'hotkeys');
  return {
    n,
    block: input.block,
    stake,
    validatorPermit: permits,
    lastUpdate: input.lastUpdate,
    blockAtRegistration,
    weights: packRows(input.weights, n, 'weights'),
    bonds: packRows(input.bonds ?? {}, n, 'bonds'),
    commitBlocks,
    params: checkParameters(input.params ?? {}, n),
  };
}

function checkParameters(given: Partial<RankingParameters>, n: number): RankingParameters {
  const params = { ...defaultRankingParameters, ...given };
  if (!['yuma', 'yuma3', 'median', 'paper'].includes(params.method))
    throw invalidInput(
      `params.method is "${nameOf(params.method)}"; it must be yuma, yuma3, median or paper.`,
    );
  for (const name of ['kappaU16', 'bondsPenaltyU16', 'alphaLowU16', 'alphaHighU16'] as const)
    whole(params[name], `params.${name}`, 65_535);
  if (params.alphaLowU16 > params.alphaHighU16)
    throw invalidInput('params.alphaLowU16 must not be above params.alphaHighU16.');
  whole(params.bondsMovingAverageMillionths, 'params.bondsMovingAverageMillionths', 1_000_000);
  whole(params.alphaSigmoidSteepness, 'params.alphaSigmoidSteepness', 32_767);
  if (!(params.rho > 0 && params.rho <= 40)) throw invalidInput('params.rho must be above 0 and at most 40.');
  for (const name of ['maxAllowedValidators', 'tempo', 'lastMechanismStepBlock', 'stakeThreshold'] as const)
    whole(params[name], `params.${name}`);
  whole(params.emission, 'params.emission');
  if (params.ownerUid !== null) whole(params.ownerUid, 'params.ownerUid', n - 1);
  for (const name of ['liquidAlpha', 'commitReveal'] as const)
    if (typeof params[name] !== 'boolean') throw invalidInput(`params.${name} must be true or false.`);
  // Upstream: max(1, factor · tempo / 1000) with factor 13,889 thousandths (`get_activity_cutoff_blocks`).
  const activityCutoffBlocks =
    given.activityCutoffBlocks ?? Math.max(1, Math.floor((13_889 * params.tempo) / 1_000));
  whole(activityCutoffBlocks, 'params.activityCutoffBlocks');
  return { ...params, activityCutoffBlocks };
}

function stakeOf(amount: unknown, uid: number): bigint {
  const isWhole = typeof amount === 'bigint' ? amount >= 0n && amount < 1n << 96n : isCount(amount);
  if (!isWhole)
    throw invalidInput(`stake[${uid}] is ${nameOf(amount)}; it must be a whole number of units, 0 or more.`);
  return BigInt(amount as number | bigint);
}

function whole(value: unknown, what: string, most: number = Number.MAX_SAFE_INTEGER): void {
  if (!isCount(value) || value > most)
    throw invalidInput(`${what} is ${nameOf(value)}; it must be a whole number from 0 to ${most}.`);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function sized<Item>(list: readonly Item[], n: number, what: string): readonly Item[] {
  if (!Array.isArray(list) || list.length !== n)
    throw invalidInput(
      `${what} has ${Array.isArray(list) ? list.length : 'no'} entries; give one for each of the ${n} uids.`,
    );
  return list as readonly Item[];
}
