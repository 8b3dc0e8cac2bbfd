/** What a market is like and what its rules are, besides who plays how. */
export interface World {
  /** Deviation of the change of a model's log quality in an epoch. */
  readonly drift: number;
  /** Deviation of a validator's measurement of it, anew in each epoch and for each validator. */
  readonly noise: number;
  /** What is left of older jobs in a validator's record after an epoch; 0: weights follow the last epoch's jobs alone. */
  readonly recordKept: number;
  /** Epochs from a commit of weights to their ranking; 0: open weights, which everybody sees before he sets his own. */
  readonly revealDelay: number;
  /** Every so many epochs an expert gives way to a newcomer, in turn; 0: never. Honest validators need time to know it. */
  readonly turnoverEvery: number;
  /** Slots of honest experts that go to newcomers in each epoch of the attack, and in the next to others. */
  readonly slotsTaken: number;
  /** Those newcomers are the cabal's, and worth nothing; otherwise honest, and as good as who was there. */
  readonly takersAreCabal: boolean;
  /** The ranking masks what was given to and held of a slot before its holder came. Ours does. */
  readonly masksNewcomers: boolean;
  /** The cabal's models are good and bad by a timetable that it knows. */
  readonly swings: boolean;
  /** The cabal's models are worth nothing. */
  readonly junk: boolean;
  /** Into how many the cabal splits each of its nodes. */
  readonly splits: number;
  /** Weights follow the wins of a node (its work is divided when it is split), not the quality of its answers. */
  readonly weighsWins: boolean;
  /** The cabal's stake comes just before the end of every epoch and goes just after. */
  readonly dashes: boolean;
  /** Ranked is the smaller of the stakes at the beginning and at the end of an epoch. Ours does. */
  readonly ranksLeastStake: boolean;
  /** Epochs after which a validator that sets no weights does not count. */
  readonly activityCutoff: number;
}

export const plainWorld: World = {
  drift: 0.2,
  noise: 0.1,
  recordKept: 0,
  revealDelay: 1,
  turnoverEvery: 0,
  slotsTaken: 0,
  takersAreCabal: false,
  masksNewcomers: true,
  swings: false,
  junk: false,
  splits: 1,
  weighsWins: true,
  dashes: false,
  ranksLeastStake: true,
  activityCutoff: 14,
};

/** As the node's validators keep their record: half of a job's weight is gone after ten epochs. */
export const nodesRecordKept = 0.933;

/** Deviation of the log quality between models: the best of a hundred are about ten times as good as the worst. */
const spread = 0.5;
/** Epochs of each half of the timetable of {@link World.swings}. */
const swingEpochs = 10;
/** Epochs until an honest validator has measured a newcomer (its probation of 20 jobs). */
export const probationEpochs = 3;

/** Log qualities of the models, epoch by epoch: each drifts about a mean of 0 and keeps its spread. */
export function qualityWalk(
  count: number,
  drift: number,
  draws: ArrayLike<number>,
): (epoch: number) => Float64Array {
  const keep = Math.max(0, 1 - (drift * drift) / (2 * spread * spread));
  const stir = spread * Math.sqrt(1 - keep * keep);
  const now = Float64Array.from({ length: count }, (_, model) => spread * draws[model]!);
  let reached = 0;
  return (epoch) => {
    for (; reached < epoch; reached += 1)
      for (let model = 0; model < count; model += 1)
        now[model] = keep * now[model]! + stir * draws[(reached + 1) * count + model]!;
    return now;
  };
}

/** Factor on a swinging model's quality in an epoch; half of them are up when the others are down. */
export function swingOf(model: number, epoch: number): number {
  return (Math.floor(epoch / swingEpochs) + model) % 2 === 0 ? 1.6 : 0.4;
}
