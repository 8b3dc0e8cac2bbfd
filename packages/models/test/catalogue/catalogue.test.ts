import { readdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readAlignment } from '../../src/alignment/alignment-file.ts';
import {
  alignmentFileOf,
  catalogue,
  describeCatalogue,
  marketExperts,
} from '../../src/catalogue/catalogue.ts';

describe('the catalogue', () => {
  it('has at least five experts with names of their own, one of them the founder', () => {
    const names = catalogue.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThanOrEqual(5);
    expect(catalogue.filter(({ isFounder }) => isFounder).map(({ name }) => name)).toEqual(['minilm-l6']);
  });

  it('ships an alignment that fits for every other expert of a market, and no others', () => {
    const files = marketExperts.flatMap((expert) => {
      const file = alignmentFileOf(expert);
      if (file === undefined) return [];
      const { inputDimensions, outputDimensions, heldOutCosine, pairs } = readAlignment(file);
      expect({ inputDimensions, outputDimensions }).toEqual({
        inputDimensions: expert.dimensions,
        outputDimensions: 384,
      });
      expect(heldOutCosine).toBeGreaterThan(0.3);
      expect(pairs).toBeGreaterThan(2_500);
      expect(statSync(file).size).toBeLessThan(350_000);
      return [file];
    });
    const folder = dirname(files[0]!);
    expect(readdirSync(folder).length).toBe(files.length);
  });

  it('describes itself in plain JSON', () => {
    const described = describeCatalogue();
    expect(JSON.parse(JSON.stringify(described))).toEqual(
      described.map((expert) => JSON.parse(JSON.stringify(expert))),
    );
    for (const expert of described) {
      expect(expert.heldOutCosine).toBeGreaterThan(0.3);
      expect(expert.licence).not.toBe('');
    }
    expect(described[0]!.source?.sha256).toMatch(/^[0-9a-f]{64}$/);
  });
});
