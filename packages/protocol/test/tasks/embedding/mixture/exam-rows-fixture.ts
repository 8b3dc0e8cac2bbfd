import { drawStream } from '../../../../src/random/stream.ts';
import type { DatumProducts } from '../../../../src/tasks/embedding/exam/products.ts';
import type { ExamRow } from '../../../../src/tasks/embedding/mixture/exam-row.ts';

export interface FixtureInit {
  readonly seed: string;
  readonly texts: number;
  readonly documents: number;
  readonly clients: number;
  /** How much an expert's own pieces stand out of its noise, by expert and row; undefined: absent. */
  readonly skill: Readonly<Record<string, (row: FixtureRow) => number | undefined>>;
  readonly places?: number;
}

export interface FixtureRow {
  readonly index: number;
  readonly document: number;
  readonly client: number;
  readonly place: number;
}

const others = 12;

/** Rows in which every expert errs by itself. */
export function drawnRows({ seed, texts, documents, clients, skill, places = 1 }: FixtureInit): ExamRow[] {
  return Array.from({ length: texts }, (_, index) => {
    const document = index % documents;
    const row: FixtureRow = { index, document, client: document % clients, place: document % places };
    const products = Object.entries(skill).flatMap(([expert, skillOf]) => {
      const strength = skillOf(row);
      return strength === undefined
        ? []
        : [[expert, drawnProducts(`${seed}/${expert}/${index}`, strength)] as const];
    });
    return {
      client: `client ${row.client}`,
      document: `document ${document}`,
      place: row.place,
      feeMicro: 1_000n,
      products: new Map(products),
    };
  });
}

export function drawnProducts(seed: string, strength: number): DatumProducts {
  const stream = drawStream(seed, 'products');
  const noise = (): number => stream.below(1_001) + stream.below(1_001) - 1_000;
  return {
    own: [Math.round(noise() + 400 * strength), Math.round(noise() + 400 * strength)],
    others: Array.from({ length: others }, noise),
  };
}
