import { describe, expect, it } from 'vitest';
import { catalogue, describeCatalogue } from '../../src/catalogue/catalogue.ts';

describe('the catalogue', () => {
  it('has at least five experts with names of their own, one of them the founder', () => {
    const names = catalogue.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThanOrEqual(5);
    expect(catalogue.filter(({ isFounder }) => isFounder).map(({ name }) => name)).toEqual(['minilm-l6']);
  });

  it('starts experts that differ by default, those of the first edition among them, the founder first', () => {
    const usual = catalogue.filter(({ isUsual }) => isUsual);
    expect(usual[0]!.isFounder).toBe(true);
    expect(usual.length).toBeGreaterThanOrEqual(5);
    const parts = catalogue.filter(({ partWeightSteps }) => partWeightSteps !== undefined);
    expect(parts.map(({ name }) => name)).toEqual(['minilm-l6', 'grams-2048', 'minilm-l1-idf']);
    expect(usual).toEqual(expect.arrayContaining(parts));
  });

  it('describes itself in plain JSON', () => {
    const described = describeCatalogue();
    expect(JSON.parse(JSON.stringify(described))).toEqual(
      described.map((expert) => JSON.parse(JSON.stringify(expert))),
    );
    for (const expert of described) expect(expert.licence).not.toBe('');
    expect(described[0]!.source?.sha256).toMatch(/^[0-9a-f]{64}$/);
  });
});
