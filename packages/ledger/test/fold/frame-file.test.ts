import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporaryDirectory } from '../../src/compliance/temporary-directory.ts';
import { DamagedFile, readFrames, writeFrames } from '../../src/fold/frame-file.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let path: string;
beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, 'frames');
});
afterEach(() => directory.remove());

async function allFrames(): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const frames of readFrames(path)) all.push(...frames.map((frame) => new Uint8Array(frame)));
  return all;
}

/** From empty ones to such as do not fit into a slice. */
const frames = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.integer({ min: 60_000, max: 200_000 }).map((bytes) => new Uint8Array(bytes).fill(bytes % 251)),
  ),
  { maxLength: 8 },
);

test('frames come back as they were', async () => {
  await fc.assert(
    fc.asyncProperty(frames, async (written) => {
      await writeFrames(path, written);
      const read = await allFrames();
      expect(read).toHaveLength(written.length);
      // Matchers walk large arrays element by element.
      for (const [index, frame] of written.entries()) expect(Buffer.compare(read[index]!, frame)).toBe(0);
    }),
    { numRuns: 40 },
  );
});

test('a file that was altered or cut anywhere, or has something behind it, is damaged', async () => {
  await writeFrames(path, [new Uint8Array(20), new Uint8Array(66_000), new Uint8Array(3)]);
  const whole = readFileSync(path);
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 7 }), async (at, bit) => {
      const flipped = Buffer.from(whole);
      flipped[at]! ^= 1 << bit;
      for (const bytes of [flipped, whole.subarray(0, at), Buffer.concat([whole, Buffer.alloc(1 + bit)])]) {
        writeFileSync(path, bytes);
        await expect(allFrames()).rejects.toBeInstanceOf(DamagedFile);
      }
    }),
    {
      numRuns: 60,
      examples: [
        [0, 7],
        [3, 0],
        [24, 7],
      ],
    },
  );
});
