import { type EpochResult, type RankingParameters, rankEpoch, type SparseMatrix } from '@moe/protocol';
import { type Cast, castOf, houses, models } from './cast.ts';
import { gaussians } from './gaussians.ts';
import { isNew, type Weigh } from './strategies.ts';
import { qualityWalk, swingOf, type World } from './world.ts';

export const methods = ['yuma', 'yuma3', 'yuma3 liquid', 'paper'] as const;
export type Method = (typeof methods)[number];

export interface Game {
  readonly method: Method;
  readonly cabalStake: number;
  readonly seed: number;
  readonly world: World;
  readonly weigh: Weigh;
  /** Epochs in which all are honest, so that bonds are as in a market that has run for a while. */
  readonly warmUpEpochs: number;
  /** Epochs of the attack; they count from the first that ranks its weights. */
  readonly attackEpochs: number;
}

/** Means over the epochs of the attack. */
export interface Outcome {
  /** Of all emission. */
  readonly cabalShare: number;
  /** The same if experts were paid by the plain stake-weighted mean of all weights, and validators by stake. */
  readonly meanShare: number;
  /** Of the experts' emission. */
  readonly expertsShare: number;
  /** Dividends for each unit of stake, over what they would be if all got the same. */
  readonly cabalDividends: number;
  readonly honestDividends: number;
}

/** Experts at most: every model of the cabal split into three. */
const mostExperts = 3 * models;
const worthless = 1e-3;

/** Plays a market from its beginning to the end of the attack. The same game has the same outcome. */
export function play({ method, cabalStake, seed, world, weigh, warmUpEpochs, attackEpochs }: Game): Outcome {
  const epochs = warmUpEpochs + attackEpochs;
  const cast = castOf(cabalStake, world.splits, gaussians(houses, 0xca57, seed));
  const { experts, validators } = cast;
  const walk = qualityWalk(models, world.drift, gaussians((epochs + 2) * models, 0x9a11, seed));
  const registered = new Array<number>(experts).fill(0);
  const isTaken = new Array<boolean>(experts).fill(false);
  const committed: (Float64Array | undefined)[] = new Array(validators);
  const records: Float64Array[] = [];
  const queue: Commits[] = [];
  const inForce: { epoch: number; weights: Float64Array | undefined }[] = Array.from(
    { length: validators },
    () => ({ epoch: 0, weights: undefined }),
  );
  let last: EpochResult | undefined;
  const sums = { cabal: 0, mean: 0, experts: 0, dividends: 0, cabalStake: 0, epochs: 0 };

  for (let epoch = 1; epoch <= epochs; epoch += 1) {
    const attackEpoch = epoch - warmUpEpochs - 1;
    const isAttack = attackEpoch >= 0;
    renewExperts(cast, world, epoch, isAttack, registered, isTaken);
    const quality = qualityOf(cast, world, walk(epoch), epoch, isTaken);
    const stakes = stakesOf(cast, world, isAttack);

    const measuredBy = (validator: number): Float64Array => {
      const seen = measure(quality, cast, world, seed, epoch, validator, registered);
      const record = records[validator] ?? Float64Array.from(quality);
      records[validator] = seen.map((value, expert) => {
        const kept = registered[expert] === epoch ? 0 : world.recordKept * record[expert]!;
        return kept + (1 - world.recordKept) * value;
      });
      return records[validator];
    };
    const sightOf = (validator: number, measured: Float64Array, consensus: readonly number[]) => ({
      cast,
      epoch,
      attackEpoch,
      measured,
      consensus,
      before: committed[validator],
      registered,
    });
    const commit = (consensusOf: (measured: readonly Float64Array[]) => readonly number[]): void => {
      const measured = Array.from({ length: validators }, (_, validator) => measuredBy(validator));
      const consensus = consensusOf(measured);
      const rows = measured.map((row, validator) => {
        if (!isAttack || !cast.isCabalValidator[validator]) return row;
        const chosen = weigh(sightOf(validator, row, consensus));
        return chosen?.every((weight) => !(weight > 0)) === true ? row : chosen;
      });
      rows.forEach((row, validator) => {
        if (row !== undefined) committed[validator] = row;
      });
      queue.push({ epoch, rows });
    };

    if (world.revealDelay === 0)
      commit((measured) => {
        if (!isAttack) return [];
        const rows = measured.map((row, validator) => (cast.isCabalValidator[validator] ? undefined : row));
        return consensusIn(
          rank(
            cast,
            method,
            world,
            epoch,
            stakes,
            rows.map((weights) => ({ epoch, weights })),
            registered,
            last,
          ),
          method,
        );
      });
    // Ranked at the end of this epoch: what was committed `revealDelay` epochs ago and is revealed now.
    while (queue[0] !== undefined && queue[0].epoch <= Math.max(1, epoch - world.revealDelay)) {
      const { epoch: from, rows } = queue.shift()!;
      rows.forEach((weights, validator) => {
        if (weights !== undefined) inForce[validator] = { epoch: from, weights };
      });
    }
    last = rank(cast, method, world, epoch, stakes, inForce, registered, last);
    if (world.revealDelay > 0) {
      const ranked = last;
      commit(() => consensusIn(ranked, method));
    }
    // Before, the weights of the last honest epoch are still ranked.
    if (attackEpoch >= world.revealDelay) count(last, inForce);
  }
  const { epochs: counted } = sums;
  const dividends = sums.dividends / counted;
  const stakeShare = sums.cabalStake / counted;
  return {
    cabalShare: sums.cabal / counted,
    meanShare: sums.mean / counted,
    expertsShare: sums.experts / counted,
    cabalDividends: dividends / stakeShare,
    honestDividends: (1 - dividends) / (1 - stakeShare),
  };

  function isOfCabal(expert: number): boolean {
    return cast.isCabalExpert[expert]! || (isTaken[expert]! && world.takersAreCabal);
  }

  function count(result: EpochResult, rows: typeof inForce): void {
    let cabalDividends = 0;
    let cabalIncentive = 0;
    let cabalStakeNow = 0;
    let meanSum = 0;
    let meanCabal = 0;
    const total = cast.stake.reduce((sum, stake) => sum + stake, 0);
    for (let expert = 0; expert < experts; expert += 1)
      if (isOfCabal(expert)) cabalIncentive += result.incentive[expert]!;
    for (let validator = 0; validator < validators; validator += 1) {
      const { weights } = rows[validator]!;
      const share = cast.stake[validator]! / total;
      if (cast.isCabalValidator[validator]) {
        cabalDividends += result.dividends[experts + validator]!;
        cabalStakeNow += share;
      }
      if (weights === undefined) continue;
      let sum = 0;
      let onCabal = 0;
      for (let expert = 0; expert < experts; expert += 1) {
        sum += weights[expert]!;
        if (isOfCabal(expert)) onCabal += weights[expert]!;
      }
      meanSum += share;
      meanCabal += (share * onCabal) / sum;
    }
    sums.cabal += (cabalDividends + cabalIncentive) / 2;
    sums.mean += (meanCabal / meanSum + cabalStakeNow) / 2;
    sums.experts += cabalIncentive;
    sums.dividends += cabalDividends;
    sums.cabalStake += cabalStakeNow;
    sums.epochs += 1;
  }
}

interface Commits {
  readonly epoch: number;
  readonly rows: readonly (Float64Array | undefined)[];
}

/** Newcomers of this epoch. */
function renewExperts(
  cast: Cast,
  { turnoverEvery, slotsTaken }: World,
  epoch: number,
  isAttack: boolean,
  registered: number[],
  isTaken: boolean[],
): void {
  if (turnoverEvery > 0 && epoch % turnoverEvery === 0)
    // Steps through the slots, so that both sides have newcomers in proportion.
    registered[((epoch / turnoverEvery) * 37) % cast.experts] = epoch;
  if (slotsTaken === 0 || !isAttack) return;
  for (let expert = 0; expert < cast.experts; expert += 1) {
    if (isTaken[expert]) registered[expert] = epoch;
    isTaken[expert] = false;
  }
  const honest = cast.isCabalExpert.flatMap((isCabal, expert) => (isCabal ? [] : [expert]));
  for (let taken = 0; taken < slotsTaken; taken += 1) {
    const slot = honest[(37 * (epoch * slotsTaken + taken)) % honest.length]!;
    isTaken[slot] = true;
    registered[slot] = epoch;
  }
}

function qualityOf(
  cast: Cast,
  world: World,
  logs: Float64Array,
  epoch: number,
  isTaken: readonly boolean[],
): Float64Array {
  return Float64Array.from({ length: cast.experts }, (_, expert) => {
    const isCabal = cast.isCabalExpert[expert]!;
    if ((isTaken[expert] && world.takersAreCabal) || (world.junk && isCabal)) return worthless;
    const model = cast.modelOf[expert]!;
    const swing = world.swings && isCabal ? swingOf(model, epoch) : 1;
    const part = world.weighsWins && isCabal ? 1 / world.splits : 1;
    return Math.exp(logs[model]!) * swing * part;
  });
}

function measure(
  quality: Float64Array,
  cast: Cast,
  { noise, splits }: World,
  seed: number,
  epoch: number,
  validator: number,
  registered: readonly number[],
): Float64Array {
  const draws = gaussians(mostExperts, 0x0b5e, seed, epoch, validator);
  return quality.map((value, expert) => {
    if (isNew(registered[expert]!, epoch)) return 0;
    // A part of a split model has only its part of the jobs to be measured by.
    const deviation = cast.isCabalExpert[expert] ? noise * Math.sqrt(splits) : noise;
    return value * Math.exp(deviation * draws[expert]!);
  });
}

/** What the ranking counts. Stake that came within the epoch was not there when it began. */
function stakesOf(cast: Cast, { dashes, ranksLeastStake }: World, isAttack: boolean): readonly number[] {
  if (!dashes || !ranksLeastStake || !isAttack) return cast.stake;
  return cast.stake.map((stake, validator) => (cast.isCabalValidator[validator] ? 0 : stake));
}

function rank(
  cast: Cast,
  method: Method,
  world: World,
  epoch: number,
  stakes: readonly number[],
  rows: readonly { readonly epoch: number; readonly weights: Float64Array | undefined }[],
  registered: readonly number[],
  last: EpochResult | undefined,
): EpochResult {
  const { experts, validators } = cast;
  const zeros = new Array<number>(experts).fill(0);
  const params: Partial<RankingParameters> = {
    method: method === 'yuma3 liquid' ? 'yuma3' : method,
    liquidAlpha: method === 'yuma3 liquid',
    maxAllowedValidators: 64,
    tempo: 1,
    activityCutoffBlocks: world.activityCutoff,
    lastMechanismStepBlock: epoch - 1,
    commitReveal: world.revealDelay > 0,
  };
  return rankEpoch({
    block: epoch,
    stake: [...zeros, ...stakes],
    validatorPermit: [
      ...zeros.map(() => false),
      ...rows.map(
        ({ weights }, validator) =>
          weights !== undefined && (last?.newValidatorPermit[experts + validator] ?? true),
      ),
    ],
    lastUpdate: [...zeros, ...rows.map((row) => row.epoch)],
    ...(world.masksNewcomers
      ? { blockAtRegistration: [...registered, ...new Array<number>(validators).fill(0)] }
      : {}),
    weights: matrixOf(
      experts,
      rows.map(({ weights }) => weights),
    ),
    ...(last === undefined ? {} : { bonds: last.storedBondsMatrix }),
    params,
  });
}

/** Rows of u16 weights, the greatest of each 65,535, as validators send them. */
function matrixOf(experts: number, rows: readonly (Float64Array | undefined)[]): SparseMatrix {
  const starts = new Uint32Array(experts + rows.length + 1);
  const uids = new Uint16Array(experts * rows.length);
  const values = new Uint16Array(experts * rows.length);
  let length = 0;
  rows.forEach((row, index) => {
    const most = row?.reduce((greatest, weight) => Math.max(greatest, weight), 0) ?? 0;
    if (row !== undefined && most > 0)
      for (let expert = 0; expert < experts; expert += 1) {
        const value = Math.round((65_535 * row[expert]!) / most);
        if (value === 0) continue;
        uids[length] = expert;
        values[length] = value;
        length += 1;
      }
    starts[experts + index + 1] = length;
  });
  return { starts, uids: uids.subarray(0, length), values: values.subarray(0, length) };
}

/** What there is to copy: the weight that the ranking gave each expert. The paper's consensus is no weight. */
function consensusIn(result: EpochResult, method: Method): readonly number[] {
  return method === 'paper' ? result.rank : result.consensus;
}
