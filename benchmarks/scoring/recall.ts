import type { Encoder } from './encoders.ts';
import type { EvaluationSet } from './evaluation-set.ts';

const nearest = 10;

/**
 * How useful an encoder is to who stores its vectors: mean share of a paragraph's siblings (other paragraphs of its
 * document) among its ten nearest of all paragraphs. Paragraphs at the same distance share what they take of the ten,
 * so that a constant vector scores chance.
 */
export function siblingRecall(set: EvaluationSet, encoder: Encoder): number {
  const each = siblingRecalls(set, encoder);
  return each.reduce((sum, recall) => sum + recall, 0) / each.length;
}

/** For each paragraph, the share of its siblings that are found. */
function siblingRecalls(set: EvaluationSet, encoder: Encoder): number[] {
  const rows = set.jobs.map(({ full }) => encoder.vectors[full]!);
  return set.jobs.map((job, row) => {
    const others = set.jobs.flatMap((other, index) =>
      index === row
        ? []
        : [{ isSibling: other.documentId === job.documentId, product: dot(rows[row]!, rows[index]!) }],
    );
    const siblings = others.filter(({ isSibling }) => isSibling).length;
    if (siblings === 0) return 0;
    const products = Float64Array.from(others, ({ product }) => product).sort();
    const limit = products[products.length - nearest]!;
    const above = others.filter(({ product }) => product > limit);
    const level = others.filter(({ product }) => product === limit);
    const share = (nearest - above.length) / level.length;
    const hits =
      above.filter(({ isSibling }) => isSibling).length +
      share * level.filter(({ isSibling }) => isSibling).length;
    return hits / Math.min(siblings, nearest);
  });
}

function dot(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let axis = 0; axis < left.length; axis += 1) sum += left[axis]! * right[axis]!;
  return sum;
}
