import { isMoeError } from '@market-of-experts/core';
import { type ExpertBackend, referenceBackend } from '@market-of-experts/models';
import { describe, expect, it } from 'vitest';
import { baseEncoder, mostPositions } from '../../src/tasks/embedding/base-encoder.ts';

const words = referenceBackend('bag-of-words');

/** The same, and what it was asked for. */
function counted(embed: ExpertBackend['embed'] = words.embed) {
  const asked: string[] = [];
  const backend: ExpertBackend = {
    ...words,
    embed: (texts, options) => {
      asked.push(...texts);
      return embed(texts, options);
    },
  };
  return { encoder: baseEncoder(backend), asked };
}

describe('the base encoder', () => {
  it('gives int8 directions of 384 numbers, in order, the same for the same text', async () => {
    const { encoder, asked } = counted();
    const [cat, dog, again] = await encoder.positions(['a black cat', 'an old dog', 'a black cat']);
    expect(cat).toHaveLength(384);
    expect(again).toEqual(cat);
    expect(dog).not.toEqual(cat);
    const length = Math.hypot(...new Int8Array(cat!));
    expect(Math.abs(length - 127)).toBeLessThan(6);
    expect(asked).toEqual(['a black cat', 'an old dog']);
    expect(await encoder.positions(['an old dog'])).toEqual([dog]);
    expect(asked).toHaveLength(2);
  });

  it('remembers the last used 4,096 texts, and no more', async () => {
    const { encoder, asked } = counted();
    const names = Array.from({ length: 4_224 }, (_, index) => `text ${index}`);
    for (let start = 0; start < names.length; start += 192) {
      await encoder.positions(names.slice(start, start + 192));
      await encoder.positions(['kept']);
    }
    const before = asked.length;
    await encoder.positions(['kept', names.at(-1)!]);
    expect(asked).toHaveLength(before);
    await encoder.positions([names[0]!]);
    expect(asked).toHaveLength(before + 1);
  });

  it('takes no more texts at once than a list of an exam has', async () => {
    const { encoder, asked } = counted();
    const texts = Array.from({ length: mostPositions + 1 }, (_, index) => `${index}`);
    await expect(encoder.positions(texts)).rejects.toSatisfy((error) => isMoeError(error, 'limit-reached'));
    expect(asked).toEqual([]);
    expect(await encoder.positions([])).toEqual([]);
  });

  it('refuses vectors of another number or length, and NaN, and remembers nothing of them', async () => {
    for (const wrong of [[], [new Float32Array(3)], [new Float32Array(384).fill(Number.NaN)]]) {
      const answers = [wrong, await words.embed(['text'])];
      const { encoder } = counted(async () => answers.shift()!);
      await expect(encoder.positions(['text'])).rejects.toSatisfy(isMoeError);
      expect(await encoder.positions(['text'])).toHaveLength(1);
    }
  });

  it('passes an abort on', async () => {
    const controller = new AbortController();
    const { encoder } = counted(async (_, options) => {
      options?.signal?.throwIfAborted();
      return [];
    });
    controller.abort(new Error('gone'));
    await expect(encoder.positions(['text'], controller.signal)).rejects.toThrow('gone');
  });
});
