import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { isMoeError } from '@market-of-experts/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogue } from '../../src/catalogue/catalogue.ts';
import { createModelHost, type ModelHost, startModelWorker } from '../../src/host/model-host.ts';
import { writeAdapterWeights } from '../../src/residual/adapter-weights.ts';
import { dot } from '../../src/unit-vector.ts';

let modelsDir = '';
let host: ModelHost;
const workers: Worker[] = [];
beforeAll(() => {
  modelsDir = mkdtempSync(join(tmpdir(), 'moe-models-'));
  host = createModelHost({
    modelsDir,
    startWorker: (lane, settings) => {
      const worker = startModelWorker(lane, settings);
      workers.push(worker);
      return worker;
    },
  });
});
afterAll(async () => {
  await host.close();
  rmSync(modelsDir, { recursive: true, force: true });
});

const minilm = { kind: 'minilm', layers: 6 } as const;
const sentence = 'A cat sits on the mat.';

describe('a model host with real models', () => {
  it('runs MiniLM: stored reference values, unit length, sensible order of similarity', async () => {
    const backend = await host.open(minilm);
    const [cat, kitten, market] = (await backend.embed([
      sentence,
      'A kitten is lying on a rug.',
      'The stock market fell sharply today.',
    ])) as [Float32Array, Float32Array, Float32Array];
    const reference = [
      0.12963193655014038, -0.03352294862270355, -0.02614842914044857, 0.03174366056919098,
      -0.048097699880599976, 0.036753375083208084, 0.056698027998209, 0.020104458555579185,
    ];
    for (const [axis, value] of reference.entries()) expect(Math.abs(cat[axis]! - value)).toBeLessThan(1e-4);
    expect(dot(cat, cat)).toBeCloseTo(1, 5);
    expect(dot(cat, kitten)).toBeGreaterThan(0.5);
    expect(dot(cat, market)).toBeLessThan(0.2);
  });

  it('gives the same vector whatever else is in the batch', async () => {
    const backend = await host.open(minilm);
    const alone = (await backend.embed(['Alone in its batch, then in company.']))[0]!;
    // The cache of another host is empty.
    const other = createModelHost({ modelsDir, intraOpThreads: 1 });
    try {
      const company = await (await other.open(minilm)).embed([
        'Alone in its batch, then in company.',
        ...Array.from({ length: 15 }, (_, index) =>
          'and a much longer text than that one '.repeat(1 + (index % 3)),
        ),
      ]);
      expect(dot(alone, company[0]!)).toBeGreaterThan(0.99999);
    } finally {
      await other.close();
    }
  });

  it('takes empty, huge, binary and foreign texts', async () => {
    const backend = await host.open(minilm);
    const vectors = await backend.embed([
      '',
      'word '.repeat(50_000),
      '\u0000\ud800\uffff',
      '日本語',
      '[SEP]',
    ]);
    expect(vectors.every((vector) => Math.abs(dot(vector, vector) - 1) < 1e-4)).toBe(true);
    expect(await backend.embed([])).toEqual([]);
  });

  it('opens a specialist on the shared base: with W = 0 it is the base', async () => {
    const weightsFile = join(modelsDir, 'zero.bin');
    writeAdapterWeights(weightsFile, { dimensions: 384, matrix: new Float32Array(384 * 384) });
    const specialist = await host.open({ kind: 'residual', name: 'german', weightsFile });
    const base = await host.open(minilm);
    const [[own], [based]] = await Promise.all([specialist.embed([sentence]), base.embed([sentence])]);
    expect(specialist.name).toBe('german');
    expect(dot(own!, based!)).toBeGreaterThan(0.999999);
  });

  it('refuses a damaged specialist by name of the file', async () => {
    const weightsFile = join(modelsDir, 'cut.bin');
    writeAdapterWeights(weightsFile, { dimensions: 384, matrix: new Float32Array(384 * 384) });
    truncateSync(weightsFile, 1_000);
    await expect(host.open({ kind: 'residual', name: 'x', weightsFile })).rejects.toSatisfy(
      (error) => isMoeError(error, 'weights-corrupt') && error.message.includes(weightsFile),
    );
  });

  it('rejects an aborted call at once', async () => {
    const backend = await host.open(minilm);
    const controller = new AbortController();
    const call = backend.embed(
      Array.from({ length: 200 }, (_, index) => `text to be given up ${index}`),
      { signal: controller.signal },
    );
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'request-aborted' });
    expect(await backend.embed([sentence])).toHaveLength(1);
  });

  it('survives a crash: what was in flight is rejected as retryable, then it answers again', async () => {
    const backend = await host.open(minilm);
    const [before] = await backend.embed([sentence]);
    const inFlight = backend.embed(Array.from({ length: 300 }, (_, index) => `lost in the crash ${index}`));
    inFlight.catch(() => {});
    // What the thread cannot read ends it, as any defect in it would.
    workers.at(-1)!.postMessage(null);
    await expect(inFlight).rejects.toMatchObject({ code: 'backend-unavailable', isRetryable: true });
    let after: Float32Array | undefined;
    while (after === undefined) {
      try {
        after = (await backend.embed([sentence]))[0]!;
      } catch (error) {
        if (!isMoeError(error, 'backend-unavailable')) throw error;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    expect(dot(before!, after)).toBeGreaterThan(0.999999);
  });

  it('builds a model file again when it is damaged, and leaves no temporary files', async () => {
    const path = join(modelsDir, 'minilm-l6.onnx');
    const { size } = statSync(path);
    truncateSync(path, 1_000);
    const other = createModelHost({ modelsDir });
    try {
      expect(await (await other.open(minilm)).embed([sentence])).toHaveLength(1);
    } finally {
      await other.close();
    }
    expect(statSync(path).size).toBe(size);
    expect(readdirSync(modelsDir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('opens experts in spaces of their own, named and as long as the catalogue says', async () => {
    for (const expert of catalogue.filter(
      ({ startup, speed }) => startup === 'immediate' && speed !== 'slow',
    )) {
      const [vector] = await (await host.open(expert.native)).embed([sentence]);
      expect(await host.open(expert.native)).toMatchObject({
        name: expert.name,
        dimensions: expert.dimensions,
      });
      expect(dot(vector!, vector!)).toBeCloseTo(1, 5);
    }
  });

  it('counts tokens as the tokenizer does', () => {
    expect(host.countTokens('')).toBe(0);
    expect(host.countTokens('hello world, antidisestablishmentarianism')).toBe(11);
    expect(host.countTokens('hello\tworld,\nantidisestablishmentarianism')).toBe(11);
  });

  it('rejects calls after it was closed', async () => {
    const other = createModelHost({ modelsDir });
    const backend = await other.open({ kind: 'lexical' });
    const call = backend.embed(['a']);
    call.catch(() => {});
    await other.close();
    await other.close();
    await expect(call).rejects.toMatchObject({ code: 'backend-unavailable' });
    await expect(backend.embed(['a'])).rejects.toMatchObject({ code: 'backend-unavailable' });
  });
});
