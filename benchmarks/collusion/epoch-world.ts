import { type Cast, models } from './cast.ts';
import { gaussians } from './gaussians.ts';
import { isNew } from './strategies.ts';
import { swingOf, type World } from './world.ts';

/** Experts at most: every model of the cabal split into three. */
const mostExperts = 3 * models;
const worthless = 1e-3;

/** Newcomers of this epoch. */
export function renewExperts(
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

/** What each expert is worth in an epoch. */
export function qualityOf(
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

/** What a validator sees of it in the jobs that it witnesses. */
export function measure(
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
export function stakesOf(
  cast: Cast,
  { dashes, ranksLeastStake }: World,
  isAttack: boolean,
): readonly number[] {
  if (!dashes || !ranksLeastStake || !isAttack) return cast.stake;
  return cast.stake.map((stake, validator) => (cast.isCabalValidator[validator] ? 0 : stake));
}
