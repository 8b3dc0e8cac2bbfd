/** Gini coefficient of amounts that are not negative: 0 when all are equal, near 1 when one has everything. */
export function gini(amounts: readonly number[]): number {
  const sorted = [...amounts].sort((a, b) => a - b);
  const total = sorted.reduce((sum, amount) => sum + amount, 0);
  if (total === 0) return 0;
  const weighted = sorted.reduce((sum, amount, index) => sum + (index + 1) * amount, 0);
  return (2 * weighted) / (sorted.length * total) - (sorted.length + 1) / sorted.length;
}

/** Herfindahl–Hirschman index: sum of the squared shares. `1 / hhi` is the effective number of earners. */
export function hhi(amounts: readonly number[]): number {
  const total = amounts.reduce((sum, amount) => sum + amount, 0);
  return total === 0 ? 0 : amounts.reduce((sum, amount) => sum + (amount / total) ** 2, 0);
}

/** Spearman's rank correlation, ties at their mean rank; 0 where one side does not vary. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  const [left, right] = [ranks(a), ranks(b)];
  const middle = (a.length + 1) / 2;
  let product = 0;
  let leftSquare = 0;
  let rightSquare = 0;
  for (const [index, rank] of left.entries()) {
    product += (rank - middle) * (right[index]! - middle);
    leftSquare += (rank - middle) ** 2;
    rightSquare += (right[index]! - middle) ** 2;
  }
  return leftSquare === 0 || rightSquare === 0 ? 0 : product / Math.sqrt(leftSquare * rightSquare);
}

function ranks(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((a, b) => values[a]! - values[b]!);
  const result = new Array<number>(values.length).fill(0);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end + 1 < order.length && values[order[end + 1]!] === values[order[start]!]) end += 1;
    for (let index = start; index <= end; index += 1) result[order[index]!] = (start + end) / 2 + 1;
    start = end + 1;
  }
  return result;
}

/** Mean of what was added; `null` of nothing, which JSON can say. */
export class Mean {
  #sum = 0;
  #count = 0;
  add(value: number): void {
    this.#sum += value;
    this.#count += 1;
  }
  get value(): number | null {
    return this.#count === 0 ? null : rounded(this.#sum / this.#count);
  }
}

/** Six decimals: enough for a loss, and short in a report. */
export function rounded(value: number): number {
  return Math.round(value * 1_000_000) / 1_000_000;
}
