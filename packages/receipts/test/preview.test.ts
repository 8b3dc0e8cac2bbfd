import { decode, encode } from '@market-of-experts/core';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { previewOf } from '../src/preview.ts';

it('can be kept wherever a long text is cut, also inside an emoji', () => {
  const preview = previewOf(`${'x'.repeat(119)}😀 and more`);
  expect(preview).toBe('x'.repeat(119));
  expect(decode(encode(preview), z.string())).toBe(preview);
});
