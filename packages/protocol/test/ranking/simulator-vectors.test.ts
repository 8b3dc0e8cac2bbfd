import { describe, expect, test } from 'vitest';
import {
  type SimulatorEpoch,
  type SimulatorInput,
  simulatorEpoch,
} from '../../src/ranking/simulator-variants.ts';
import { readVectors } from './vector-files.ts';

interface Version {
  readonly bond_moving_avg: number;
  readonly alpha: number;
  readonly liquid_alpha: boolean;
  readonly alpha_low: number;
  readonly alpha_high: number;
  readonly steepness: number;
  readonly decay_rate: number;
  readonly capacity_alpha: number;
}
interface Expected {
  readonly total_dividends: Record<string, number>;
  readonly D_norm?: number[][];
  readonly incentive?: number[][];
  readonly bonds_sample?: Record<string, number[][]>;
}
interface Case {
  readonly name: string;
  readonly validators: string[];
  readonly num_epochs: number;
  readonly inputs: { from: number; to: number; weights: number[][]; stake: number[] }[];
  readonly reset_bonds: { enabled: boolean; server_index: number; epoch: number; applies_to: string[] };
  readonly expected: Record<string, Record<string, Expected>>;
}
const file = readVectors<{
  tolerance: number;
  common: {
    kappa: number;
    total_epoch_emission: number;
    validator_emission_ratio: number;
    total_subnet_stake: number;
  };
  versions: Record<string, Version>;
  cases: Case[];
}>('simulation_cases_odd');

const runs = file.cases.flatMap((item) =>
  Object.entries(item.expected).flatMap(([beta, byVersion]) =>
    Object.entries(byVersion).map(([version, expected]) => ({
      item,
      name: item.name,
      beta,
      version,
      expected,
    })),
  ),
);

function simulate(item: Case, version: string, beta: number): { stake: number[]; epoch: SimulatorEpoch }[] {
  const { alpha, liquid_alpha, alpha_low, alpha_high, steepness, decay_rate, capacity_alpha } =
    file.versions[version]!;
  const done: { stake: number[]; epoch: SimulatorEpoch }[] = [];
  for (let number = 0; number < item.num_epochs; number += 1) {
    const { weights, stake } = item.inputs.find(({ from, to }) => from <= number && number <= to)!;
    const last = done.at(-1)?.epoch;
    const reset = item.reset_bonds;
    const isReset = reset.enabled && reset.epoch === number && reset.applies_to.includes(version);
    const bonds = last?.bonds.map((row) =>
      row.map((bond, j) => (isReset && j === reset.server_index ? 0 : bond)),
    );
    const epoch = simulatorEpoch({
      variant: version.replace('_liquid', '') as SimulatorInput['variant'],
      weights,
      stake,
      ...(last && { last }),
      ...(bonds && { bonds }),
      kappa: file.common.kappa,
      bondsPenalty: beta,
      alpha,
      ...(liquid_alpha && { liquidAlpha: { low: alpha_low, high: alpha_high, steepness } }),
      decayRate: decay_rate,
      capacityAlpha: capacity_alpha,
    });
    done.push({ stake, epoch });
  }
  return done;
}

const near = (actual: number[] | number[][], expected: number[] | number[][], what: string): void => {
  const [a, b] = [actual.flat(), expected.flat()];
  expect(a.length, what).toBe(b.length);
  a.forEach((value, index) => {
    expect(Math.abs(value - b[index]!), `${what}: ${value}, not ${b[index]}`).toBeLessThanOrEqual(
      file.tolerance,
    );
  });
};

describe.each(runs)('$name, $version, $beta', ({ item, beta, version, expected }) => {
  const epochs = simulate(item, version, Number(beta.replace('beta_', '')));

  test('dividends of every validator over all epochs', () => {
    const { total_epoch_emission, validator_emission_ratio, total_subnet_stake } = file.common;
    const totals = item.validators.map((_, i) =>
      epochs.reduce((total, { stake, epoch }) => {
        const thousands = (stake[i]! * total_subnet_stake) / 1_000;
        const earned = validator_emission_ratio * total_epoch_emission * epoch.dividends[i]!;
        return total + (thousands > 1e-6 ? earned / thousands : 0);
      }, 0),
    );
    near(
      totals,
      item.validators.map((name) => expected.total_dividends[name]!),
      'total dividends',
    );
  });

  if (expected.D_norm === undefined) return;
  const { D_norm, incentive = [] } = expected;
  test('dividends and incentive of every epoch, and sampled bonds', () => {
    epochs.forEach(({ epoch }, number) => {
      near(epoch.dividends, D_norm[number]!, `dividends of epoch ${number}`);
      near(epoch.incentive, incentive[number]!, `incentive of epoch ${number}`);
    });
    for (const [number, bonds] of Object.entries(expected.bonds_sample ?? {}))
      near(epochs[Number(number)]!.epoch.bonds, bonds, `bonds of epoch ${number}`);
  });
});
