import { drawStream } from '@market-of-experts/protocol';
import { dot } from './retrieval.ts';

const rounds = 8;

/**
 * Cuts rows (unit vectors, row by row) into 1, 2, 4, … `2^levels` domains of equal size by meaning: each domain is
 * split by 2-means, at the median, so that both halves are as large. Returns for each level the rows of its domains;
 * domain d of a level holds domains 2d and 2d + 1 of the next.
 */
export function domainTree(
  vectors: Float32Array,
  dimensions: number,
  levels: number,
  seed: string,
): readonly (readonly (readonly number[])[])[] {
  const all = Array.from({ length: vectors.length / dimensions }, (_, row) => row);
  const tree: number[][][] = [[all]];
  for (let level = 1; level <= levels; level += 1)
    tree.push(
      tree[level - 1]!.flatMap((rows, domain) =>
        bisect(vectors, dimensions, rows, `${seed}/${level}/${domain}`),
      ),
    );
  return tree;
}

function bisect(
  vectors: Float32Array,
  dimensions: number,
  rows: readonly number[],
  seed: string,
): number[][] {
  const at = (row: number): Float32Array => vectors.subarray(row * dimensions, (row + 1) * dimensions);
  const stream = drawStream(seed, 'bisect');
  const first = rows[stream.below(rows.length)]!;
  let a: Float32Array = at(first);
  // The row that is least like the first one begins the other half.
  let b: Float32Array = at(rows.reduce((far, row) => (dot(at(row), a) < dot(at(far), a) ? row : far), first));
  let halves: number[][] = [];
  for (let round = 0; round < rounds; round += 1) {
    const ordered = rows
      .map((row) => ({ row, lean: dot(at(row), a) - dot(at(row), b) }))
      .sort((left, right) => right.lean - left.lean || left.row - right.row)
      .map(({ row }) => row);
    const middle = Math.ceil(ordered.length / 2);
    halves = [ordered.slice(0, middle), ordered.slice(middle)];
    a = directionOf(halves[0]!.map(at), dimensions);
    b = directionOf(halves[1]!.map(at), dimensions);
  }
  return halves;
}

function directionOf(vectors: readonly Float32Array[], dimensions: number): Float32Array {
  const sum = new Float32Array(dimensions);
  for (const vector of vectors) for (let axis = 0; axis < dimensions; axis += 1) sum[axis]! += vector[axis]!;
  const length = Math.hypot(...sum) || 1;
  return sum.map((value) => value / length);
}
