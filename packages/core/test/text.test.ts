import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../src/codec.ts';
import { textOf } from '../src/text.ts';

describe('text from bytes', () => {
  it('is what was written, byte order mark and all', () => {
    for (const text of ['', 'é', '😀', '\ufeffa', 'a\0b', '\ufffd'])
      expect(textOf(Buffer.from(text))).toBe(text);
  });

  it.each(['ff', 'c328', 'c080', 'eda080', 'f09f98', '61f4908080'])('is refused for the bytes %s', (hex) => {
    expect(() => textOf(fromHex(hex))).toThrow(expect.objectContaining({ code: 'invalid-text' }));
  });

  it('comes about in no other way', () => {
    const packages = join(import.meta.dirname, '../..');
    const lenient = /\.toString\('utf|, 'utf-?8'\)|TextDecoder\((?!'utf-8', \{ fatal: true \})/;
    /**
     * They read output of a program of ours, a terminal that decodes for us, show the start of an answer, or are read so by
     * their standard (event streams). */
    const others =
      /test|crash\/|compliance\/|event-frames\.ts|vector-files\.ts|terminal\/ask\.ts|openai-backend\.ts|core\/src\/text\.ts|cbor\/decoder\.ts/;
    const found = globSync('*/src/**/*.ts', { cwd: packages })
      .filter((file) => !others.test(file))
      .filter((file) => lenient.test(readFileSync(join(packages, file), 'utf8')));
    expect(found).toEqual([]);
  });
});
