import { describe, expect, it } from 'vitest';
import { minilmPass } from '../../src/minilm/minilm-backend.ts';
import type { MinilmSession } from '../../src/minilm/minilm-session.ts';

/** A session that counts its runs and says by its numbers which part and which text they belong to. */
function countingSession(): MinilmSession & { readonly batches: number[] } {
  const batches: number[] = [];
  return {
    batches,
    run: async (batch) => {
      batches.push(batch.length);
      return batch.map((ids) =>
        Float32Array.from({ length: 3 * 384 }, (_, place) => Math.floor(place / 384) * 1000 + ids.length),
      );
    },
    release: async () => {},
  };
}

const texts = ['one', 'one two', 'one two three'];

describe('one pass of MiniLM for several experts', () => {
  it('reads a text once, asked for at the same time or later, and gives each expert its own part', async () => {
    const session = countingSession();
    const { sentences, layer } = minilmPass('minilm-l6', session);
    const asked = [sentences, layer(1), layer(3)];
    const answers = await Promise.all(asked.map((expert) => expert.embed(texts)));
    expect(session.batches.reduce((sum, size) => sum + size, 0)).toBe(3);
    // With a token at either end: three, four and five.
    for (const [part, vectors] of answers.entries())
      for (const [index, vector] of vectors.entries())
        expect([...new Set(vector)]).toEqual([part * 1000 + index + 3]);
    expect(await layer(3).embed([texts[1]!])).toEqual([answers[2]![1]]);
    expect(session.batches.reduce((sum, size) => sum + size, 0)).toBe(3);
  });

  it('goes on for one expert when the caller of another leaves', async () => {
    const { sentences, layer } = minilmPass('minilm-l6', countingSession());
    const controller = new AbortController();
    const leaving = layer(1).embed(texts, { signal: controller.signal });
    const staying = sentences.embed(texts);
    controller.abort();
    await expect(leaving).rejects.toMatchObject({ code: 'request-aborted' });
    expect(await staying).toHaveLength(3);
  });
});
