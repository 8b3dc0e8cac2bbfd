/** Who takes part: experts first, then validators, each side by side; uids as the ranking counts them. */
export interface Cast {
  readonly experts: number;
  readonly validators: number;
  readonly isCabalExpert: readonly boolean[];
  readonly isCabalValidator: readonly boolean[];
  /** Whole units; both sides together {@link TOTAL_STAKE}, less what rounding leaves. */
  readonly stake: readonly number[];
  /** How many nodes stand where one stood before the cabal split: its experts share their work. */
  readonly splits: number;
  /** For each expert the one whose quality it has: parts of a split expert are one model. */
  readonly modelOf: readonly number[];
}

export const models = 100;
export const houses = 20;
export const TOTAL_STAKE = 1e15;

/**
 * A hundred models and twenty owners of validators, of both of which the cabal has the share that it has of the stake: with
 * equal work it earns exactly its share. Within a side stakes differ as the draws say (1 ± 0.3).
 */
export function castOf(cabalStake: number, splits: number, draws: ArrayLike<number>): Cast {
  const cabalModels = Math.round(models * cabalStake);
  const cabalHouses = Math.max(1, Math.min(houses - 1, Math.round(houses * cabalStake)));
  const sizes = Array.from({ length: houses }, (_, house) => Math.max(0.1, 1 + 0.3 * draws[house]!));
  const sumOf = (isCabal: boolean): number =>
    sizes.reduce((sum, size, house) => (house < cabalHouses === isCabal ? sum + size : sum), 0);
  const stake: number[] = [];
  const isCabalValidator: boolean[] = [];
  for (let house = 0; house < houses; house += 1) {
    const isCabal = house < cabalHouses;
    const whole = ((isCabal ? cabalStake : 1 - cabalStake) * sizes[house]!) / sumOf(isCabal);
    const parts = isCabal ? splits : 1;
    for (let part = 0; part < parts; part += 1) {
      stake.push(Math.floor((TOTAL_STAKE * whole) / parts));
      isCabalValidator.push(isCabal);
    }
  }
  const modelOf: number[] = [];
  for (let model = 0; model < models; model += 1)
    for (let part = 0; part < (model < cabalModels ? splits : 1); part += 1) modelOf.push(model);
  return {
    experts: modelOf.length,
    validators: stake.length,
    isCabalExpert: modelOf.map((model) => model < cabalModels),
    isCabalValidator,
    stake,
    splits,
    modelOf,
  };
}
