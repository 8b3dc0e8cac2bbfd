import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ExpertBackend, readAdapterWeights } from '@market-of-experts/models';
import { drawStream } from '@market-of-experts/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { specialistDomains } from '../../src/specialists/domain.ts';
import {
  type TrainingProgress,
  type TrainSpecialistInit,
  trainSpecialist,
} from '../../src/specialists/train-specialist.ts';

const domain = specialistDomains()[0]!;
let dataDir: string;
let encoded: number;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'moe-training-'));
  encoded = 0;
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/** Sums of random vectors of the words: texts that share words are near. */
const backend: ExpertBackend = {
  name: 'word-sums',
  dimensions: 16,
  embed: async (texts) => {
    encoded += texts.length;
    return texts.map((text) => {
      const vector = new Float32Array(16);
      for (const word of text.toLowerCase().split(/\s+/u)) {
        const stream = drawStream(word, 'test');
        for (let axis = 0; axis < 16; axis++) vector[axis]! += stream.below(2001) - 1000;
      }
      return vector;
    });
  },
  close: async () => {},
};

const tiny = (changes: Partial<TrainSpecialistInit> = {}): TrainSpecialistInit => ({
  domain,
  dataDir,
  backend,
  seed: 7,
  steps: 20,
  limits: { train: 40, kin: 10, heldOut: 12 },
  ...changes,
});
const folder = (): string => join(dataDir, 'models', 'specialists');
const files = (): string[] => readdirSync(folder()).sort();

describe('trainSpecialist', () => {
  it('makes the same bytes from the same seed, and others from another', async () => {
    const first = await trainSpecialist(tiny());
    const bytes = readFileSync(first.weightsFile);
    rmSync(folder(), { recursive: true });
    const second = await trainSpecialist(tiny());
    expect(readFileSync(second.weightsFile).equals(bytes)).toBe(true);
    expect(second.manifest).toEqual(first.manifest);
    const other = await trainSpecialist(tiny({ seed: 8 }));
    expect(readFileSync(other.weightsFile).equals(bytes)).toBe(false);
  });

  it('leaves weights that the experts package reads, a manifest, and nothing else', async () => {
    const { weightsFile, manifest, isNew } = await trainSpecialist(tiny());
    expect(isNew).toBe(true);
    expect(files()).toEqual(['specialist-german.bin', 'specialist-german.json']);
    const weights = readAdapterWeights(weightsFile);
    expect(weights.dimensions).toBe(16);
    expect(weights.matrix.some((value) => value !== 0)).toBe(true);
    expect(manifest).toMatchObject({ name: 'specialist-german', base: 'word-sums', seed: 7, steps: 20 });
    expect(manifest.heldOutLossBefore).toBeGreaterThan(0);
    expect(manifest.heldOutLossAfter).toBeLessThan(1);
  });

  it('is not repeated while the stored weights are valid', async () => {
    const first = await trainSpecialist(tiny());
    const before = encoded;
    const again = await trainSpecialist(tiny());
    expect(again).toEqual({ ...first, isNew: false });
    expect(encoded).toBe(before);
  });

  it('gives stored weights under an aborted signal too, and trains nothing', async () => {
    const called = AbortSignal.abort(new Error('no training'));
    await expect(trainSpecialist(tiny({ signal: called }))).rejects.toThrowError('no training');
    expect(encoded).toBe(0);
    const first = await trainSpecialist(tiny());
    const before = encoded;
    expect(await trainSpecialist(tiny({ signal: called }))).toEqual({ ...first, isNew: false });
    await expect(trainSpecialist(tiny({ signal: called, steps: 21 }))).rejects.toThrowError('no training');
    truncateSync(first.weightsFile, 100);
    await expect(trainSpecialist(tiny({ signal: called }))).rejects.toThrowError('no training');
    expect(encoded).toBe(before);
  });

  it('is repeated when weights or manifest are damaged or of another recipe', async () => {
    const { weightsFile } = await trainSpecialist(tiny());
    const good = readFileSync(weightsFile);
    truncateSync(weightsFile, good.length - 3);
    expect((await trainSpecialist(tiny())).isNew).toBe(true);
    expect(readFileSync(weightsFile).equals(good)).toBe(true);
    writeFileSync(join(folder(), 'specialist-german.json'), '{"version":');
    expect((await trainSpecialist(tiny())).isNew).toBe(true);
    expect((await trainSpecialist(tiny({ steps: 21 }))).isNew).toBe(true);
    expect((await trainSpecialist(tiny({ steps: 21 }))).isNew).toBe(false);
  });

  it('reports progress that grows to the total, with a loss while training', async () => {
    const seen: TrainingProgress[] = [];
    await trainSpecialist(tiny({ onProgress: (progress) => seen.push(progress) }));
    const done = seen.map((progress) => progress.done);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(seen.at(-1)).toMatchObject({ phase: 'training', done: seen[0]!.total });
    expect(seen.at(-1)?.loss).toBeGreaterThan(0);
  });

  it('stops on abort while encoding, and goes on later from what was encoded', async () => {
    const whole = await trainSpecialist(tiny());
    const all = encoded;
    const wanted = readFileSync(whole.weightsFile);
    rmSync(folder(), { recursive: true });
    encoded = 0;
    const controller = new AbortController();
    const stopped = trainSpecialist(
      tiny({
        signal: controller.signal,
        onProgress: ({ done }) => done === 3 && controller.abort(new Error('stop')),
      }),
    );
    await expect(stopped).rejects.toThrowError('stop');
    expect(files().filter((name) => !name.endsWith('.vectors'))).toEqual([]);
    expect(encoded).toBeLessThan(all);
    const resumed = await trainSpecialist(tiny());
    expect(encoded).toBe(all);
    expect(readFileSync(resumed.weightsFile).equals(wanted)).toBe(true);
  });

  it('stops on abort while training and leaves no weights', async () => {
    const controller = new AbortController();
    const stopped = trainSpecialist(
      tiny({
        steps: 1_000_000,
        signal: controller.signal,
        onProgress: ({ phase }) => phase === 'training' && controller.abort(new Error('stop')),
      }),
    );
    await expect(stopped).rejects.toThrowError('stop');
    expect(files().filter((name) => !name.endsWith('.vectors'))).toEqual([]);
  });

  it('does not trust a damaged cache of vectors', async () => {
    const whole = await trainSpecialist(tiny());
    const wanted = readFileSync(whole.weightsFile);
    const all = encoded;
    rmSync(folder(), { recursive: true });
    const controller = new AbortController();
    await trainSpecialist(
      tiny({
        signal: controller.signal,
        onProgress: ({ done }) => done === 5 && controller.abort(new Error('stop')),
      }),
    ).catch(() => {});
    const cache = join(folder(), files().find((name) => name.endsWith('.vectors'))!);
    const bytes = readFileSync(cache);
    // One bit in the second batch: the first is kept, the rest encoded again.
    const batch = Math.floor(bytes.length / 5);
    bytes[batch + 100]! ^= 1;
    writeFileSync(cache, bytes);
    encoded = 0;
    const resumed = await trainSpecialist(tiny());
    expect(encoded).toBe(all - 32);
    expect(readFileSync(resumed.weightsFile).equals(wanted)).toBe(true);
    expect(() => statSync(cache)).toThrow();
  });

  it('clears away vectors of earlier texts', async () => {
    mkdirSync(folder(), { recursive: true });
    writeFileSync(join(folder(), 'specialist-german-old-model-0123.vectors'), 'old');
    await trainSpecialist(tiny());
    expect(files()).toEqual(['specialist-german.bin', 'specialist-german.json']);
  });

  it('trains one at a time, and what waits can be called off', async () => {
    const order: string[] = [];
    const controller = new AbortController();
    const run = (index: number, signal?: AbortSignal): Promise<unknown> =>
      trainSpecialist(
        tiny({
          domain: specialistDomains()[index]!,
          ...(signal === undefined ? {} : { signal }),
          onProgress: ({ name }) => order.at(-1) !== name && order.push(name),
        }),
      );
    const [first, second, third] = [run(0), run(1, controller.signal), run(2)];
    controller.abort(new Error('called off'));
    await expect(second).rejects.toThrowError('called off');
    await Promise.all([first, third]);
    expect(order).toEqual(['specialist-german', 'specialist-code']);
  });

  it('refuses vectors that cannot be trained on', async () => {
    const broken: ExpertBackend = {
      ...backend,
      embed: async (texts) => texts.map(() => new Float32Array(16).fill(Number.NaN)),
    };
    await expect(trainSpecialist(tiny({ backend: broken }))).rejects.toMatchObject({
      code: 'backend-invalid-output',
    });
    expect(files().filter((name) => !name.endsWith('.vectors'))).toEqual([]);
  });
});
