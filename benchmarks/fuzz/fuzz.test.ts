import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { decode, MoeError } from '@market-of-experts/core';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { playBatches } from './play-batches.ts';
import { runCases } from './run-cases.ts';
import { cborTarget, jsonTarget, type Target } from './target.ts';
import { allTargets } from './targets/all.ts';

const { targets, close } = allTargets();
afterAll(close);

describe('every decoder', () => {
  it.each(targets.map((target) => [target.name, target] as const))(
    '%s takes nothing hostile',
    async (_, target) => {
      expect(await runCases(target, 7, Math.ceil(40 * (target.weight ?? 1)))).toEqual([]);
    },
  );

  it('is read as valid first: its examples are taken', async () => {
    const hollow: string[] = [];
    for (const target of targets) {
      const random = {
        below: () => 0,
        onceIn: () => false,
        of: <T>(list: readonly T[]) => list[0]!,
        bytes: (length: number) => new Uint8Array(length),
      };
      try {
        await target.read(target.example(random));
      } catch (error) {
        hollow.push(`${target.name}: ${(error as Error).message}`);
      }
    }
    expect(hollow).toEqual([]);
  });
});

describe('the fuzzer', () => {
  const schema = z.strictObject({ name: z.string(), at: z.int() });
  const faulty = (read: (bytes: Uint8Array) => Uint8Array | undefined): Target => ({
    ...cborTarget('faulty', schema),
    read,
  });

  it('finds a crash, and what is taken in another form than its own', async () => {
    const crashing = faulty((bytes) => {
      if (bytes.length > 30) throw new TypeError('oops');
      return undefined;
    });
    expect(
      (await runCases(crashing, 1, 200)).some(({ kind, why }) => kind === 'crash' && /oops/.test(why)),
    ).toBe(true);
    const lenient = faulty((bytes) => bytes.subarray(0, Math.min(bytes.length, 12)));
    expect((await runCases(lenient, 1, 50)).some(({ kind }) => kind === 'non-canonical')).toBe(true);
    const strict = faulty((bytes) => {
      decode(bytes, schema);
      throw new MoeError('refused', 'No.');
    });
    expect(await runCases(strict, 1, 200)).toEqual([]);
  });

  it('gives the same cases for the same seed', async () => {
    const seen: string[][] = [[], []];
    for (const list of seen)
      await runCases(
        jsonTarget(
          'x',
          () => ({ a: [1, 'x'] }),
          (bytes) => void list.push(Buffer.from(bytes).toString('base64')),
        ),
        3,
        60,
      );
    expect(seen[0]).toEqual(seen[1]);
    expect(new Set(seen[0]).size).toBeGreaterThan(30);
  });

  it('kills a process that hangs, counts one that dies, and goes on with the others', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'moe-fuzz-test-'));
    try {
      const script = join(folder, 'process.mjs');
      writeFileSync(
        script,
        `process.on('message', ({ target }) => {
          if (target === 'hang') for (;;);
          if (target === 'die') process.exit(3);
          if (target === 'slow') {
            let beats = 0;
            const timer = setInterval(() => {
              process.send('alive');
              if (++beats < 40) return;
              clearInterval(timer);
              process.send({ findings: [], maxRssMb: 30 });
            }, 100);
            return;
          }
          process.send({ findings: [], maxRssMb: 40 });
        });
        process.on('disconnect', () => process.exit(0));
        process.send('ready');`,
      );
      const batches = ['good', 'hang', 'die', 'slow', 'good'].map((target, seed) => ({
        target,
        seed,
        cases: 1,
      }));
      const played: string[] = [];
      const outcome = await playBatches(batches, {
        processes: 2,
        hangMs: 3_000,
        script: pathToFileURL(script),
        onPlayed: ({ target }) => played.push(target),
      });
      expect(outcome.lost.map(({ target, why }) => `${target} ${why}`).sort()).toEqual([
        'die exit',
        'hang hang',
      ]);
      expect(played.toSorted()).toEqual(['die', 'good', 'good', 'hang', 'slow']);
      expect(outcome.maxRssMb).toBe(40);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
