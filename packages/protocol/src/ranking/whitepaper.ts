import { sigmoid } from './exponential.ts';
import { invalidInput, nameOf } from './invalid-input.ts';

/** Constants of the paper. */
export interface WhitepaperConstants {
  /** Temperature ρ of the trust sigmoid. Default 10. */
  readonly rho?: number;
  /** Share κ of stake that must trust a peer. Default 0.5. */
  readonly kappa?: number;
  /** ξ: share of the inflation that goes to bonds, the rest to incentive. Default 0.5. */
  readonly xi?: number;
  /** τ: inflation of one step, as a share of all stake. Default 0.1. */
  readonly tau?: number;
}

export interface WhitepaperInput extends WhitepaperConstants {
  /** W, peers × peers: `weights[i][j]` is what i gives j. Rows are taken as they are. */
  readonly weights: readonly (readonly number[])[];
  /** S, not negative. */
  readonly stake: readonly number[];
  /** B before the step, peers × peers, not normalised. Default zero. */
  readonly bonds?: readonly (readonly number[])[];
}

/** One step of the paper, plain doubles. */
export interface WhitepaperStep {
  /** `R = WᵀS` (eq. 2). */
  readonly rank: number[];
  /** `tᵢⱼ = 1` iff the edge is non-zero (section 4). */
  readonly trust: number[][];
  /** `TᵀS`. */
  readonly stakeTrust: number[];
  /** `C = σ(ρ(TᵀS − κ))` (section 4). */
  readonly consensus: number[];
  /** `I = R ∘ C` (section 4). */
  readonly incentive: number[];
  readonly incentiveNormalized: number[];
  /** `B ← B + diag(S)·W` (section 5), not normalised: what the next step takes. */
  readonly accumulatedBonds: number[][];
  /** B with columns normalised. */
  readonly bonds: number[][];
  /** `Dᵢ = Σⱼ bᵢⱼ Iⱼ` with the normalised incentive. */
  readonly dividends: number[];
  /** `ΔS = ξ·D + (1 − ξ)·I`. */
  readonly deltaStake: number[];
  /** `S + τΔS`, normalised. */
  readonly nextStake: number[];
  /** `−R·(C − ½)`: what peers lose whose weights the majority does not share. */
  readonly loss: number;
}

/**
 * One step of the original mechanism over a full matrix.
 *
 * Source: Rao et al., *Bittensor: A Peer-to-Peer Intelligence Market*, sections 2 to 5 and 10. Its misprints are not
 * followed: ρ multiplies the whole bracket, `W·S` in the bonds means `diag(S)·W`, and dividends are `B·I`.
 *
 * Errors: `invalid-ranking-input`.
 */
export function whitepaperStep(input: WhitepaperInput): WhitepaperStep {
  const { weights, stake, rho = 10, kappa = 0.5, xi = 0.5, tau = 0.1 } = input;
  const n = stake.length;
  for (const [name, value] of Object.entries({ rho, kappa, xi, tau })) checkNumber(value, name);
  stake.forEach((value, i) => {
    checkNumber(value, `stake[${i}]`);
  });
  checkSquare(weights, n, 'weights');
  if (input.bonds !== undefined) checkSquare(input.bonds, n, 'bonds');

  const rank = columns(n, (j) => sum(stake.map((share, i) => share * weights[i]![j]!)));
  const trust = weights.map((row) => row.map((weight) => (weight > 0 ? 1 : 0)));
  const stakeTrust = columns(n, (j) => sum(stake.map((share, i) => share * trust[i]![j]!)));
  const consensus = stakeTrust.map((value) => sigmoid(rho * (value - kappa)));
  const incentive = rank.map((value, j) => value * consensus[j]!);
  const incentiveNormalized = normalized(incentive);

  const held = input.bonds ?? weights.map((row) => row.map(() => 0));
  const accumulatedBonds = weights.map((row, i) => row.map((weight, j) => held[i]![j]! + stake[i]! * weight));
  const bondSums = columns(n, (j) => sum(accumulatedBonds.map((row) => row[j]!)));
  const bonds = accumulatedBonds.map((row) => row.map((bond, j) => (bond === 0 ? 0 : bond / bondSums[j]!)));
  const dividends = bonds.map((row) => sum(row.map((bond, j) => bond * incentiveNormalized[j]!)));
  const deltaStake = dividends.map((dividend, i) => xi * dividend + (1 - xi) * incentiveNormalized[i]!);
  return {
    rank,
    trust,
    stakeTrust,
    consensus,
    incentive,
    incentiveNormalized,
    accumulatedBonds,
    bonds,
    dividends,
    deltaStake,
    nextStake: normalized(stake.map((share, i) => share + tau * deltaStake[i]!)),
    loss: -sum(rank.map((value, j) => value * (consensus[j]! - 0.5))),
  };
}

function columns(n: number, of: (column: number) => number): number[] {
  return Array.from({ length: n }, (_, j) => of(j));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function normalized(values: readonly number[]): number[] {
  const total = sum(values);
  return total === 0 ? [...values] : values.map((value) => value / total);
}

function checkNumber(value: number, what: string): void {
  if (!(Number.isFinite(value) && value >= 0))
    throw invalidInput(`${what} is ${nameOf(value)}; it must be a number, 0 or more.`);
}

function checkSquare(matrix: readonly (readonly number[])[], n: number, what: string): void {
  if (matrix.length !== n)
    throw invalidInput(`${what} has ${matrix.length} rows for ${n} peers; give one each.`);
  matrix.forEach((row, i) => {
    if (row.length !== n)
      throw invalidInput(`${what}[${i}] has ${row.length} entries for ${n} peers; give one each.`);
    row.forEach((value, j) => {
      checkNumber(value, `${what}[${i}][${j}]`);
    });
  });
}
