import { describe, expect, it } from 'vitest';
import { loadCalibrationPieces, loadCalibrationSet } from '../src/calibration-set.ts';

describe('calibration set', () => {
  const { pieces, hash } = loadCalibrationSet();

  it('holds 4,096 different pieces, numbered in order', () => {
    expect(pieces).toHaveLength(4096);
    expect(pieces.every((piece, index) => piece.index === index)).toBe(true);
    expect(new Set(pieces.map(({ kind, text }) => `${kind} ${text}`)).size).toBe(4096);
  });

  it('is the same whenever it is read', () => {
    expect(loadCalibrationSet().hash).toBe(hash);
    expect(loadCalibrationPieces()).toEqual(pieces);
  });

  it('has every kind in every prefix of 256, in shares that differ by one piece at most', () => {
    const kinds = new Set(pieces.map(({ kind }) => kind));
    expect(kinds.size).toBeGreaterThanOrEqual(9);
    for (let end = 256; end <= pieces.length; end += 256) {
      const counts = [...kinds].map(
        (kind) => pieces.slice(0, end).filter((piece) => piece.kind === kind).length,
      );
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
  });

  it('does not take much from any one document', () => {
    const perDocument = Map.groupBy(pieces, ({ document }) => document);
    expect(perDocument.size).toBeGreaterThan(300);
  });
});
