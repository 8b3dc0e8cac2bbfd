const nearest = 10;

/**
 * How useful an encoder is to who stores its vectors: for each paragraph the share of its siblings (other paragraphs of its document)
 * among its ten nearest of all paragraphs. Paragraphs at the same distance share what they take of the ten, so that a constant
 * vector has chance.
 */
export function siblingRecalls(
  paragraphs: readonly { readonly documentId: string; readonly vector: Float32Array }[],
): number[] {
  const productsOf = paragraphs.map(() => new Float64Array(paragraphs.length));
  for (const [row, { vector }] of paragraphs.entries())
    for (let other = 0; other < row; other += 1) {
      const product = dot(vector, paragraphs[other]!.vector);
      productsOf[row]![other] = product;
      productsOf[other]![row] = product;
    }
  return paragraphs.map((paragraph, row) => {
    const others = paragraphs.flatMap((other, index) =>
      index === row
        ? []
        : [
            {
              isSibling: other.documentId === paragraph.documentId,
              product: productsOf[row]![index]!,
            },
          ],
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
