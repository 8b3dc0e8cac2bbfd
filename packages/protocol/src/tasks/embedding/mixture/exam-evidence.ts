import type { Hash } from '@market-of-experts/core';
import type { Edition, EditionPart } from '../../../editions/edition.ts';
import type { ContributionRow } from '../contribution/contribution.ts';
import type { DatumProducts } from '../exam/products.ts';
import type { ExamRow } from './exam-row.ts';
import { type KeptDatum, keptProducts } from './kept-exam.ts';
import { inOrder, type SettledExam } from './settled-exams.ts';

/** Consecutive orders of a client that count as one document: texts of one document come one after another. */
const documentOrders = 16;

/** What an expert is as a part: the model that it answered with in exams, and its vectors' length. */
export type ExaminedModel = Pick<EditionPart, 'modelVersion' | 'dimensions'>;

/** Who is no part counts if it was examined in the latest quarter of the exams: others may be gone. */
const latestPart = 0.75;

/**
 * The model of each expert that counts: of a part the one that its edition names, of others that of their latest exam. What other
 * models of theirs answered says nothing. Experts that nobody knows a model of, and those that were examined long ago, are not there.
 */
export function modelsIn(
  edition: Edition,
  exams: readonly SettledExam[],
): ReadonlyMap<string, ExaminedModel> {
  const models = new Map<string, ExaminedModel>();
  const batches = exams.map(({ batch }) => batch).sort((a, b) => a - b);
  const since = batches[Math.floor(latestPart * batches.length)] ?? 0;
  for (const { exam } of inOrder(exams).filter(({ batch }) => batch >= since))
    for (const { node, modelVersion, dimensions } of exam.experts)
      if (modelVersion !== null) models.set(node, { modelVersion, dimensions });
  for (const { node, modelVersion, dimensions } of edition.parts)
    models.set(node, { modelVersion, dimensions });
  return models;
}

/** The exams as the choice of an edition sees them, data that nobody was examined on left out. */
export function examRows(edition: Edition, exams: readonly SettledExam[]): ExamRow[] {
  return [...dataOf(exams, modelsIn(edition, exams))].flatMap(({ datum, products }) => {
    const { client, clientSeq, feeMicro } = datum;
    if (products.size === 0) return [];
    return [{ client, document: `${client}/${Math.floor(clientSeq / documentOrders)}`, feeMicro, products }];
  });
}

/** The same as the pay of an edition's parts sees them. */
export function contributionRows(edition: Edition, exams: readonly SettledExam[]): ContributionRow[] {
  return [...dataOf(exams, modelsIn(edition, exams))].map(({ datum, products }) => ({
    feeMicro: datum.feeMicro,
    parts: edition.parts.map(({ node }) => products.get(node)),
  }));
}

function* dataOf(
  exams: readonly SettledExam[],
  models: ReadonlyMap<string, ExaminedModel>,
): Generator<{ readonly datum: KeptDatum; readonly products: ReadonlyMap<string, DatumProducts> }> {
  for (const { exam, data } of exams)
    for (const place of data) {
      const datum = exam.data[place]!;
      const products = new Map<string, DatumProducts>();
      for (const [index, { node, modelVersion, dimensions }] of exam.experts.entries()) {
        const model = models.get(node);
        const known = keptProducts(datum, index);
        if (known !== undefined && isSame(model, modelVersion, dimensions)) products.set(node, known);
      }
      yield { datum, products };
    }
}

function isSame(model: ExaminedModel | undefined, modelVersion: Hash | null, dimensions: number): boolean {
  return model?.modelVersion === modelVersion && model.dimensions === dimensions;
}
