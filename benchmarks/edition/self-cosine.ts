import { drawDistinct, drawStream } from '@market-of-experts/protocol';
import type { Weights } from '@market-of-experts/protocol/tasks/embedding/mixture/exam-row';
import { storedVector } from '@market-of-experts/protocol/tasks/embedding/side-by-side';
import { dot } from '../texts/retrieval.ts';
import type { StoredText } from './edition-texts.ts';
import { embedNow, type OwnSpaceExpert } from './own-space.ts';

const sample = 48;

/**
 * Texts delivered twice by the backends, the second time one by one, in another order and by models opened anew: the least cosine
 * of the two vectors of a text.
 */
export async function leastSelfCosine(
  experts: readonly OwnSpaceExpert[],
  weights: Weights,
  texts: readonly StoredText[],
): Promise<number> {
  const drawn = drawDistinct(drawStream('edition/self', 'texts'), texts.length, sample);
  const chosen = [...drawn].map((index, order) => texts[index]![order % 2 === 0 ? 'rest' : 'short']);
  const parts = experts.map(({ name, dimensions }) => ({ dimensions, weightSteps: weights.get(name)! }));
  const together = await Promise.all(experts.map((expert) => embedNow(expert, chosen)));
  const apart = await Promise.all(experts.map((expert) => embedNow(expert, chosen.toReversed(), 1)));
  const cosines = chosen.map((_, index) => {
    const first = storedVector(
      parts,
      together.map((vectors) => vectors[index]!),
    ).vector;
    const second = storedVector(
      parts,
      apart.map((vectors) => vectors[chosen.length - 1 - index]!),
    ).vector;
    return dot(first, second) / Math.sqrt(dot(first, first) * dot(second, second));
  });
  return Math.min(...cosines);
}
