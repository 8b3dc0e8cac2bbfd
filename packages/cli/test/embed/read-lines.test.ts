import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLines } from '../../src/embed/read-lines.ts';

async function linesOf(chunks: readonly Uint8Array[], maxBytes: number): Promise<(string | undefined)[]> {
  async function* stream() {
    // One buffer for all chunks, as a stream may do it.
    const shared = Buffer.alloc(64);
    for (const chunk of chunks)
      yield shared.subarray(0, shared.fill(0).write(Buffer.from(chunk).toString('latin1'), 'latin1'));
  }
  const lines: (string | undefined)[] = [];
  for await (const { line, bytes } of readLines(stream(), maxBytes)) {
    lines.push(bytes === undefined ? undefined : Buffer.from(bytes).toString('latin1'));
    expect(line).toBe(lines.length);
  }
  return lines;
}

describe('readLines', () => {
  it('gives the lines of the whole, however it is cut', async () => {
    const chunk = fc.array(fc.constantFrom(...Buffer.from('ab\r\n')), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(fc.array(chunk, { maxLength: 8 }), async (chunks) => {
        const whole = chunks.map((bytes) => Buffer.from(bytes).toString('latin1')).join('');
        const expected = whole.split('\n');
        if (expected.at(-1) === '') expected.pop();
        const lines = await linesOf(
          chunks.map((bytes) => Uint8Array.from(bytes)),
          1_000,
        );
        expect(lines).toEqual(expected.map((line) => line.replace(/\r$/, '')));
      }),
    );
  });

  it('holds no more of a line than the limit, and goes on after it', async () => {
    const chunks = ['aaaa', 'aaaa\nb', 'b\n', 'cccccc\ndd'].map((text) => Buffer.from(text));
    expect(await linesOf(chunks, 5)).toEqual([undefined, 'bb', undefined, 'dd']);
  });
});
