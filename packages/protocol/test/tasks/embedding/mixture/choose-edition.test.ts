import { describe, expect, it } from 'vitest';
import { drawDistinct, drawStream } from '../../../../src/random/stream.ts';
import { chooseEdition } from '../../../../src/tasks/embedding/mixture/choose-edition.ts';
import { defaultChoiceRules as rules } from '../../../../src/tasks/embedding/mixture/choose-weights.ts';
import type { ExamRow } from '../../../../src/tasks/embedding/mixture/exam-row.ts';
import { drawnProducts, drawnRows, type FixtureInit } from './exam-rows-fixture.ts';

const base = { seed: 'rows', texts: 1_200, documents: 240, clients: 24 } as const;
const good = () => 1.2;
const rowsOf = (skill: FixtureInit['skill'], more: Partial<FixtureInit> = {}): ExamRow[] =>
  drawnRows({ ...base, ...more, skill });
const alone = new Map([['a', 2]]);
const choose = (rows: readonly ExamRow[], inForce: ReadonlyMap<string, number> = alone) =>
  chooseEdition(inForce, rows, 'epoch 9', rules);
const shuffled = <T>(list: readonly T[], seed: string): T[] =>
  [...drawDistinct(drawStream(seed, 'test'), list.length, list.length)].map((index) => list[index]!);
/** With the products of `expert` once more under another name. */
const cloned = (rows: readonly ExamRow[], expert: string, name: string): ExamRow[] =>
  rows.map((row) => ({ ...row, products: new Map(row.products).set(name, row.products.get(expert)!) }));

describe('the choice of an edition', () => {
  it('adds an expert that errs by itself, and says what proves it', () => {
    const choice = choose(rowsOf({ a: good, b: good }))!;
    expect(choice.change).toMatchObject({ kind: 'add', expert: 'b', fromSteps: 0 });
    expect(choice.weights.get('b')).toBe(choice.change!.toSteps);
    expect(choice.change!.gain).toBeGreaterThan(2 * choice.change!.standardError);
  });

  it('adds none that says nothing, also when it is the only one left', () => {
    expect(choose(rowsOf({ a: good, b: () => 0 }))!.change).toBeUndefined();
    expect(choose(rowsOf({ a: good }))!.change).toBeUndefined();
  });

  it('drops one that adds nothing: an encode costs', () => {
    const choice = choose(
      rowsOf({ a: good, b: good, noise: () => 0 }),
      new Map([
        ['a', 4],
        ['b', 4],
        ['noise', 1],
      ]),
    );
    expect(choice!.change).toMatchObject({ kind: 'drop', expert: 'noise' });
  });

  it('weighs a part otherwise where that is proven', () => {
    const rows = rowsOf({ a: () => 0.8, b: () => 1.4 });
    const { change } = choose(
      rows,
      new Map([
        ['a', 16],
        ['b', 1],
      ]),
    )!;
    expect(change!.kind).toBe('weigh');
  });

  it('does not depend on the order of rows or experts', () => {
    const rows = rowsOf({ a: good, b: good, c: () => 0.9, d: () => 0.3 });
    const mixed = shuffled(rows, 'rows').map((row, index) => ({
      ...row,
      products: new Map(shuffled([...row.products], `experts ${index}`)),
    }));
    const inForce = new Map([
      ['a', 2],
      ['d', 1],
    ]);
    expect(choose(mixed, new Map([...inForce].reverse()))).toEqual(choose(rows, inForce));
  });

  it('changes nothing on fewer than 500 texts or 60 documents', () => {
    const rows = rowsOf({ a: good, b: good });
    expect(choose(rows.slice(0, 499))).toBeUndefined();
    expect(choose(rows.slice(0, 500))).toBeDefined();
    expect(choose(rowsOf({ a: good, b: good }, { documents: 59 }))).toBeUndefined();
    expect(choose(rows.map((row, index) => (index < 499 ? row : { ...row, feeMicro: 0n })))).toBeUndefined();
  });

  it('has a bounded number of parts', () => {
    const skill = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`e${index}`, () => 0.6]));
    const eight = new Map(Array.from({ length: 8 }, (_, index) => [`e${index}`, 2] as const));
    expect(choose(rowsOf(skill), eight)!.change?.kind).not.toBe('add');
  });

  it('counts an absence as nothing said', () => {
    const rows = rowsOf({ a: good, b: good, sometimes: ({ index }) => (index % 2 === 0 ? 1.2 : undefined) });
    expect(choose(rows)!.change!.expert).toBe('b');
    const absent = rows.map((row) => ({
      ...row,
      products: new Map([...row.products].filter(([name]) => name === 'b')),
    }));
    expect(choose([...rows, ...absent])!.change!.expert).toBe('b');
  });
});

describe('who would bend the choice', () => {
  it('a clone is not added, and takes nothing from its twin', () => {
    const rows = rowsOf({ a: good, b: good });
    expect(choose(cloned(rows, 'a', 'clone'))!.change!.expert).toBe('b');
    for (const inForce of [
      new Map([
        ['a', 4],
        ['b', 4],
      ]),
      new Map([
        ['a', 2],
        ['b', 9],
      ]),
    ])
      expect(choose(cloned(rows, 'a', 'clone'), inForce)!.change?.kind).not.toBe('add');
  });

  /** Knows the texts of its owner's clients, and nothing else. */
  const owned = (clients: readonly number[]): ExamRow[] =>
    rowsOf({ a: good, owned: ({ client }) => (clients.includes(client) ? 8 : 0) });

  it('an expert that helps one client alone is not added, however much', () => {
    expect(choose(owned([0]))!.change).toBeUndefined();
    expect(choose(owned([...Array(24).keys()]))!.change!.expert).toBe('owned');
  });

  it('nor does it help to come as two clients, or to pay much more', () => {
    expect(choose(owned([0, 1]))!.change).toBeUndefined();
    expect(
      choose(owned([0]).map((row) => (row.client === 'client 0' ? { ...row, feeMicro: 3_000n } : row)))!
        .change,
    ).toBeUndefined();
  });

  it('fees paid to oneself count nothing', () => {
    const rows = owned([0, 1, 2, 3, 4, 5]).map((row) =>
      Number(row.client.slice(7)) < 6 ? { ...row, feeMicro: 0n } : row,
    );
    expect(choose(rows)!.change).toBeUndefined();
  });

  it('splitting an honest client in two changes nothing', () => {
    const rows = rowsOf({ a: good, b: good, c: () => 0.8 });
    const split = rows.map((row, index) =>
      row.client === 'client 5' && index % 2 === 0 ? { ...row, client: 'alias' } : row,
    );
    expect(choose(split)!.weights).toEqual(choose(rows)!.weights);
  });

  it('an expert that knows only the form of texts is not added where that is known', () => {
    const rows = rowsOf({ a: good, form: good });
    const shallow = rows.map((row) => ({ ...row, shallow: row.products.get('form')! }));
    expect(choose(rows)!.change!.expert).toBe('form');
    expect(choose(shallow)!.change).toBeUndefined();
    const apart = rows.map((row, index) => ({ ...row, shallow: drawnProducts(`shallow ${index}`, 0.5) }));
    expect(choose(apart)!.change!.expert).toBe('form');
  });
});

describe('the gate', () => {
  const inForce = new Map([
    ['a', 4],
    ['b', 4],
  ]);
  const skill: FixtureInit['skill'] = {
    a: ({ place }) => (place === 1 ? 0 : 1.2),
    b: ({ place }) => (place === 2 ? 0 : 1.2),
  };

  it('asks less of a part at a place where it says nothing', () => {
    const { gate } = choose(rowsOf(skill, { places: 4 }), inForce)!;
    expect([...gate.keys()]).toEqual([1, 2]);
    expect(gate.get(1)!.get('a')!).toBeLessThan(gate.get(1)!.get('b')!);
    expect(gate.get(2)!.get('b')!).toBeLessThan(gate.get(2)!.get('a')!);
  });

  it('has no place of fewer than 40 texts in either half', () => {
    expect(choose(rowsOf(skill, { places: 24 }), inForce)!.gate.size).toBe(0);
  });

  it('has none where places are alike', () => {
    expect(choose(rowsOf({ a: good, b: good }, { places: 4 }), inForce)!.gate.size).toBe(0);
  });
});
