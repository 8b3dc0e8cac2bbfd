import type { Hash, MarketId, NodeId } from '@market-of-experts/core';
import type { ModelVersion } from './model-version.ts';
import { toleranceMillionths } from './runtime.ts';
import { isInList, type ShownStatement } from './statement-list.ts';
import { modelVersionHash } from './version-hash.ts';

/** That a node is not the function that it says it is. */
export interface Contradiction {
  readonly network: string;
  readonly market: MarketId;
  readonly node: NodeId;
  readonly version: Hash;
  readonly text: Hash;
  /** When the later of the two was signed. */
  readonly epoch: number;
}

/**
 * Whether two statements of one node contradict one another: the same version and the same text, and vectors that differ by more
 * than the version's runtime allows. Signatures are the caller's to check; that both lie under what was signed is checked here.
 */
export function contradictionOf(
  a: ShownStatement,
  b: ShownStatement,
  version: ModelVersion,
): Contradiction | undefined {
  const { network, market, node, version: named, epoch } = a.list.body;
  const other = b.list.body;
  const isOfOne =
    other.network === network &&
    other.market === market &&
    other.node === node &&
    other.version === named &&
    a.text === b.text;
  if (!isOfOne || modelVersionHash(version) !== named || !isInList(a) || !isInList(b)) return undefined;
  return differ(a.vector, b.vector, toleranceMillionths(version.runtime))
    ? { network, market, node, version: named, text: a.text, epoch: Math.max(epoch, other.epoch) }
    : undefined;
}

/**
 * Whether two int16 vectors differ by more than `millionths` of 1 − cosine, exactly: `|a − b|² > 2·tolerance·max(|a|², |b|²)`. For
 * vectors of one length that is 1 − cos > tolerance; by cosines alone a vector could be shortened for one asker and not for
 * another, and a short one wins and loses other pairs of an exam. Vectors of different dimensions always differ.
 */
export function differ(left: Uint8Array, right: Uint8Array, millionths: number): boolean {
  if (left.length !== right.length) return true;
  const [a, b] = [int16Of(left), int16Of(right)];
  let [apart, squaresA, squaresB] = [0, 0, 0];
  // At most 4,096 · 65,535²: below 2⁵³, so every sum is exact.
  for (let index = 0; index < a.length; index++) {
    const [x, y] = [a[index]!, b[index]!];
    apart += (x - y) * (x - y);
    squaresA += x * x;
    squaresB += y * y;
  }
  return BigInt(apart) * 1_000_000n > 2n * BigInt(millionths) * BigInt(Math.max(squaresA, squaresB));
}

function int16Of(bytes: Uint8Array): Int16Array {
  // A copy that is aligned.
  return new Int16Array(new Uint8Array(bytes).buffer);
}
