import { type DatumProducts, productsOf } from '@market-of-experts/protocol';
import type { ExamDatum } from './exam-batches.ts';
import type { ExamEncoder } from './exam-encoders.ts';

/** Somebody who is examined: a name in the market. */
export interface Player {
  readonly name: string;
  readonly owner: string;
  /** What it is drawn by, in sixths of what each honest expert has; default: 6. */
  readonly stake?: number;
  /** What its vectors say of a datum; undefined where it stays away. */
  readonly products: (datum: ExamDatum) => DatumProducts | undefined;
  /** Whom it asks to play for it; default: who would lose. */
  readonly calls?: 'never' | 'always';
  /** Whose calls it takes, and who alone is called: names of one ring; undefined: everybody. */
  readonly ring?: string;
}

/** Answers with what the encoder says, each datum calculated once. */
export function honest(encoder: ExamEncoder, owner = encoder.name): Player {
  return { name: encoder.name, owner, products: remembered((datum) => productsOfEncoder(encoder, datum)) };
}

export function productsOfEncoder({ vectors }: ExamEncoder, { kept, own, others }: ExamDatum): DatumProducts {
  return productsOf(
    vectors[kept]!,
    own.map((place) => vectors[place]!),
    others.map((place) => vectors[place]!),
  );
}

export function remembered(
  products: (datum: ExamDatum) => DatumProducts | undefined,
): (datum: ExamDatum) => DatumProducts | undefined {
  const known = new Map<number, DatumProducts | undefined>();
  return (datum) => {
    if (!known.has(datum.index)) known.set(datum.index, products(datum));
    return known.get(datum.index);
  };
}
