import { expect, it } from 'vitest';
import { madeOnce } from '../src/made-once.ts';

it('makes one for all who ask, and another after a failure', async () => {
  let made = 0;
  const get = madeOnce(async () => {
    made += 1;
    if (made === 1) throw new Error('The disk was busy.');
    return made;
  });
  const first = await Promise.allSettled([get(), get()]);
  expect(first.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await Promise.all([get(), get(), get()])).toEqual([2, 2, 2]);
  expect(made).toBe(2);
});
