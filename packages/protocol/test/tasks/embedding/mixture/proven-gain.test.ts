import { describe, expect, it } from 'vitest';
import {
  type DatumGain,
  gainInUnits,
  isProven,
  meanGain,
} from '../../../../src/tasks/embedding/mixture/proven-gain.ts';

const gain = (client: string, document: string, units: number, feeMicro = 10n): DatumGain => ({
  client,
  document,
  units,
  feeMicro,
});
const ten = Array.from({ length: 10 }, (_, client) => gain(`c${client}`, `d${client}`, client));

describe('mean gain', () => {
  it('leaves the best and the worst of ten clients out, who pay alike', () => {
    expect(gainInUnits(meanGain(ten)).mean).toBeCloseTo(4.5, 12);
    const bent = ten.map((each) => (each.client === 'c9' ? { ...each, units: 1_000_000 } : each));
    expect(meanGain(bent)).toEqual(meanGain(ten));
  });

  it('is weighted by fees', () => {
    const rows = [gain('a', 'd', 1, 30n), gain('a', 'e', 5, 10n)];
    expect(gainInUnits(meanGain(rows)).mean).toBeCloseTo(2, 9);
    expect(meanGain([...rows, gain('b', 'f', 900, 0n)])).toEqual(meanGain(rows));
  });

  it('is the same when a client comes under two names', () => {
    const two = ten.flatMap((each) => [
      { ...each, document: `${each.document}/1` },
      { ...each, document: `${each.document}/2` },
    ]);
    const split = two.map((each, index) =>
      each.client === 'c9' && index % 2 === 0 ? { ...each, client: 'c9b' } : each,
    );
    expect(meanGain(split).sum).toBe(meanGain(two).sum);
    expect(meanGain(split).weight).toBe(meanGain(two).weight);
  });

  it('has the error of independent data where documents and clients have one each', () => {
    const rows = Array.from({ length: 400 }, (_, index) =>
      gain(`c${index}`, `d${index}`, index % 2 === 0 ? 1 : 3),
    );
    const { mean, error } = gainInUnits(meanGain(rows));
    expect(mean).toBeCloseTo(2, 9);
    // 320 of them, a standard deviation of 1.
    expect(error).toBeCloseTo(1 / Math.sqrt(319), 3);
  });

  it('has a larger error where data of one document or client go together', () => {
    const rows = (clients: number, documents: number) =>
      Array.from({ length: 400 }, (_, index) =>
        gain(`c${index % clients}`, `d${index % documents}`, index % 4 < 2 ? 1 : 3),
      );
    const error = (clients: number, documents: number): number =>
      gainInUnits(meanGain(rows(clients, documents))).error;
    expect(error(400, 4)).toBeGreaterThan(5 * error(400, 400));
    expect(error(20, 400)).toBeGreaterThan(2 * error(400, 400));
  });

  it('proves nothing by one document or by nothing', () => {
    expect(isProven(meanGain([gain('a', 'd', 5), gain('b', 'd', 5)]), 0, 2)).toBe(false);
    expect(isProven(meanGain([]), 0, 2)).toBe(false);
    expect(gainInUnits(meanGain([]))).toEqual({ mean: 0, error: Number.POSITIVE_INFINITY });
    expect(isProven(meanGain([gain('a', 'd', 5), gain('b', 'e', 5)]), 0, 2)).toBe(true);
    expect(isProven(meanGain([gain('a', 'd', 5), gain('b', 'e', 5)]), 5, 2)).toBe(false);
    expect(isProven(meanGain([gain('a', 'd', -5), gain('b', 'e', -5)]), 0, 2)).toBe(false);
  });

  it('holds losses of 1 of a million data with the greatest fees', () => {
    const rows = Array.from({ length: 1_000 }, (_, index) =>
      gain(`c${index}`, `d${index}`, 2 ** 30, 2n ** 62n),
    );
    expect(gainInUnits(meanGain(rows))).toEqual({ mean: 2 ** 30, error: 0 });
  });
});
