import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Frame, framesOf } from '../src/event-frames.ts';

async function read(bytes: Uint8Array, cuts: readonly number[], maxCharacters = 1_000): Promise<unknown[]> {
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let at = 0;
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const end of ends) {
        if (end > at) controller.enqueue(bytes.subarray(at, end));
        at = end;
      }
      controller.close();
    },
  });
  const frames: (Frame | undefined)[] = [];
  for await (const frame of framesOf(stream, maxCharacters, () => {})) frames.push(frame);
  return frames;
}
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

it.each(['\n', '\r\n'])(
  'events are the same however their bytes arrive, with lines that end in %j',
  async (end) => {
    const lines = [
      'retry: 2000',
      'id: r-0',
      '',
      ': alive',
      '',
      'id: r-1',
      'event: x',
      'data: {"a":',
      'data: "ö😀"}',
      '',
    ];
    const bytes = utf8(`${[...lines, 'data:tight', 'unknown: y', '', 'data: not whole'].join(end)}`);
    const expected = [
      { retryMs: 2_000, id: 'r-0' },
      {},
      { id: 'r-1', event: 'x', data: '{"a":\n"ö😀"}' },
      { data: 'tight' },
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 12 }), async (cuts) => {
        expect(await read(bytes, cuts)).toEqual(expected);
      }),
    );
  },
);

it('ends where an event is longer than allowed', async () => {
  const bytes = utf8(`data: short\n\ndata: ${'x'.repeat(200)}`);
  expect(await read(bytes, [], 100)).toEqual([{ data: 'short' }, undefined]);
});

it('reads whatever else comes without a failure', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      for (const frame of await read(bytes, [3, 50])) expect(frame).toBeTypeOf('object');
    }),
  );
});
