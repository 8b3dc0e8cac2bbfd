import { describe, expect, test } from 'vitest';
import type { EpochResult } from '../../src/ranking/epoch-result.ts';
import { rankEpoch } from '../../src/ranking/rank-epoch.ts';
import { inputOf, readVectors, type VectorInputs, type VectorParams } from './vector-files.ts';

type Expected = Record<string, unknown>;
interface Step {
  readonly label?: string | null;
  readonly inputs: VectorInputs;
  readonly expected: { readonly asserted: unknown; readonly derived: Expected };
  readonly tolerance?: { readonly fixed: number };
}
interface EpochVector {
  readonly name: string;
  readonly params: VectorParams;
  readonly steps: readonly Step[];
}

const files = [
  'epoch_active_stake',
  'epoch_zero_weights',
  'epoch_owner_self_weight',
  'epoch_logs',
  'epoch_graphs',
];
const vectors = files.flatMap((file) => {
  const content = readVectors<EpochVector & { vectors?: EpochVector[] }>(file);
  return (content.vectors ?? [content])
    .filter((vector) => vector.steps !== undefined)
    .flatMap((vector) => vector.steps.map((step, index) => ({ file, vector, step, index })));
});

describe.each(vectors)('$file, $vector.name, step $index ($step.label)', ({ vector, step }) => {
  const result = rankEpoch(inputOf(step.inputs, vector.params));
  const tolerance = step.tolerance?.fixed ?? 0;

  test('every derived value', () => {
    const { derived } = step.expected;
    expect(Object.keys(derived).length).toBeGreaterThan(2);
    for (const [name, expected] of Object.entries(derived)) compare(result, name, expected, tolerance);
  });

  test('every value that upstream asserts', () => {
    const { asserted } = step.expected;
    if (typeof asserted === 'string') {
      expect(asserted).toContain('both server emissions > 0 and equal');
      expect(result.serverEmission[0]).toBeGreaterThan(0);
      expect(result.serverEmission[0]).toBe(result.serverEmission[1]);
      return;
    }
    for (const [name, expected] of Object.entries(asserted as Expected))
      compare(result, name, expected, Math.max(tolerance, 2e-9));
  });
});

/** Compares one named value of a vector: a list by uid, an object by uid or by `row,column`, or `all 0`. */
function compare(result: EpochResult, name: string, expected: unknown, tolerance: number): void {
  if (name === 'u16') {
    for (const [score, values] of Object.entries(expected as Expected))
      compare(result, `${score}_u16`, values, 0);
    return;
  }
  const actual = valueNamed(result, name);
  if (expected === 'all 0') {
    expect(actual, name).toEqual((actual as number[]).map(() => 0));
  } else if (Array.isArray(expected)) {
    close(actual, expected, tolerance, name);
  } else if (name === 'stored_bonds_u16') {
    const rows = expected as Record<string, unknown>;
    const isByEdge = Object.keys(rows).some((key) => key.includes(','));
    if (isByEdge)
      for (const [edge, bond] of Object.entries(rows)) {
        const [i, j] = edge.split(',').map(Number);
        const row = (actual as EpochResult['storedBonds'])[i!]!;
        expect(row.find(([uid]) => uid === j)?.[1], `bond ${edge}`).toBe(bond);
      }
    else
      (actual as EpochResult['storedBonds']).forEach((row, i) => {
        expect(row, `row ${i}`).toEqual(rows[i] ?? []);
      });
  } else
    for (const [uid, value] of Object.entries(expected as Record<string, number>))
      close((actual as number[])[Number(uid)], value, tolerance, `${name}[${uid}]`);
}

function close(actual: unknown, expected: unknown, tolerance: number, what: string): void {
  if (Array.isArray(expected)) {
    expect((actual as unknown[]).length, what).toBe(expected.length);
    expected.forEach((item, index) => {
      close((actual as unknown[])[index], item, tolerance, `${what}[${index}]`);
    });
  } else if (typeof expected === 'number') {
    const difference = Math.abs((actual as number) - expected);
    expect(difference, `${what} is ${actual}, not ${expected}`).toBeLessThanOrEqual(tolerance);
  } else expect(actual, what).toEqual(expected);
}

function valueNamed(result: EpochResult, name: string): unknown {
  const u16 = /^(.*)_u16$/.exec(name);
  const camel = (text: string): string => text.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  if (u16 && name !== 'stored_bonds_u16') {
    const value = result.u16[camel(u16[1]!) as keyof EpochResult['u16']];
    expect(value, name).toBeDefined();
    return value;
  }
  const renamed: Record<string, keyof EpochResult> = {
    stored_bonds_u16: 'storedBonds',
    bonds_delta_norm: 'bondsDelta',
  };
  const key = renamed[name] ?? (camel(name) as keyof EpochResult);
  expect(result, name).toHaveProperty(key);
  return result[key];
}
