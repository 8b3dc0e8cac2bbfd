import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { generateKeyPair, hashOf, type JobId, type NodeId, systemRandom } from '@market-of-experts/core';
import { type GuardMemory, guardMemory, memoryGuard } from '@market-of-experts/ledger/guard';
import {
  type Claim,
  claimDomain,
  claimHash,
  commitDomain,
  equivocationOf,
  grantDomain,
  refusalDomain,
  type Statement,
} from '@market-of-experts/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { guardedSigner } from '../../src/signing/guarded-signer.ts';
import type { JobPen } from '../../src/signing/job-pen.ts';

const keys = generateKeyPair();
const self = keys.publicKey as NodeId;
const others = [generateKeyPair(), generateKeyPair()].map(({ publicKey }) => publicKey as NodeId);
const nowMs = 1_000;
const untilMs = 100_000;
const jobs = [0, 1].map((index) => hashOf('test/job', index) as string as JobId);
const signerOver = (memory: GuardMemory) =>
  guardedSigner(
    keys,
    memoryGuard(() => nowMs, memory),
    systemRandom,
  );

/** A few of everything, so that they often meet. */
const small = fc.integer({ min: 0, max: 1 });
const move = fc.record({
  kind: fc.constantFrom('claim', 'grant', 'refusal', 'commit', 'restart' as const),
  job: small,
  other: small,
  index: small,
  seal: small,
  atMs: fc.integer({ min: 0, max: 3 }),
});

describe('a guarded signer', () => {
  it('signs no two statements that are evidence, whatever it is asked and however often it restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(move, { maxLength: 60 }), async (moves) => {
        const memory = guardMemory();
        let signer = signerOver(memory);
        let pens = new Map<JobId, JobPen>();
        const said: Statement[] = [];
        const foreign = (job: JobId, principal: NodeId, index: number, issuedMs: number): Claim => ({
          body: { job, principal, worker: self, index, maxAskBps: 1, issuedMs, ttlMs: 2 },
          by: principal,
          signature: new Uint8Array(64),
        });
        for (const { kind, job: at, other, index, seal, atMs } of moves) {
          if (kind === 'restart') {
            signer = signerOver(memory);
            pens = new Map();
            continue;
          }
          const job = jobs[at]!;
          const principal = others[other]!;
          try {
            const pen = pens.get(job) ?? signer.openJob(job, untilMs);
            pens.set(job, pen);
            const claim = foreign(job, principal, index, atMs);
            if (kind === 'claim') {
              const body = { ...claim.body, principal: self, worker: principal };
              said.push({ kind, signed: await pen.sign(claimDomain, body) });
            } else if (kind === 'grant') {
              const body = { claim, askBps: seal, issuedMs: atMs, expiresMs: atMs + 2 };
              said.push({ kind, signed: await pen.sign(grantDomain, body) });
            } else if (kind === 'refusal') {
              const body = { claim: claimHash(claim.body), worker: self, heldBy: null, reason: String(seal) };
              said.push({ kind, signed: await pen.sign(refusalDomain, body) });
            } else {
              const body = {
                job,
                stage: 'sealed' as const,
                principal,
                worker: self,
                list: hashOf('l', 0),
                seal: hashOf('s', seal),
              };
              said.push({ kind, signed: await pen.sign(commitDomain, body) });
            }
          } catch (error) {
            expect(error).toMatchObject({ code: 'signed-already' });
          }
        }
        for (const a of said) for (const b of said) expect(equivocationOf(a, b)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('signs one settlement of a number and gateway, weights of an epoch once, and never goes back', async () => {
    const memory = guardMemory();
    const body = (batch: number, root: string, gateway: string = others[0]!, by = gateway) =>
      ({ network: 'n', market: 'm', batch, gateway, by, root: hashOf('r', root) }) as never;
    await signerOver(memory).signSettlement(body(5, 'a'));
    const restarted = signerOver(memory);
    await expect(restarted.signSettlement(body(5, 'b'))).rejects.toMatchObject({ code: 'signed-already' });
    await expect(restarted.signSettlement(body(4, 'a'))).rejects.toMatchObject({ code: 'signed-past' });
    await restarted.signSettlement(body(5, 'a'));
    // Two that stand in for a gateway propose each its own, once.
    for (const by of [self, others[1]!]) {
      await restarted.signSettlement(body(5, 'b', others[0]!, by));
      await expect(restarted.signSettlement(body(5, 'c', others[0]!, by))).rejects.toMatchObject({
        code: 'signed-already',
      });
      await expect(restarted.signSettlement(body(4, 'b', others[0]!, by))).rejects.toMatchObject({
        code: 'signed-past',
      });
    }
    await restarted.signEpochEnd({ network: 'n', epoch: 3, atMs: 1 });
    await restarted.signEpochEnd({ network: 'n', epoch: 3, atMs: 2 });
    await expect(restarted.signEpochEnd({ network: 'n', epoch: 2, atMs: 3 })).rejects.toMatchObject({
      code: 'signed-past',
    });
  });

  it('signs for who stands in however many gateways have asked about the number', async () => {
    const memory = guardMemory();
    const body = (gateway: string, by = gateway) =>
      ({ network: 'n', market: 'm', batch: 5, gateway, by, root: hashOf('r', 0) }) as never;
    await signerOver(memory).signSettlement(body(others[0]!));
    const [[sequence, mark]] = [...memory.sequences] as [
      [string, { number: number; said: Map<string, never> }],
    ];
    const said = new Map(Array.from({ length: 4_096 }, (_, index) => [`gateway-${index}`, 'said' as never]));
    memory.sequences.set(sequence, { ...mark, said });
    await expect(signerOver(memory).signSettlement(body(others[1]!))).rejects.toMatchObject({
      code: 'guard-full',
    });
    await signerOver(memory).signSettlement(body(others[1]!, self));
  });

  it('signs nothing that can be evidence without a pen', () => {
    expect(() => signerOver(guardMemory()).sign(commitDomain, {})).toThrow(
      expect.objectContaining({ code: 'unguarded-signature' }),
    );
  });
});

it('is the only way to a signature that can be evidence', () => {
  const root = resolve(import.meta.dirname, '../../../..');
  const files = ['roles', 'host', 'gateway', 'cli']
    .flatMap((name) => {
      const folder = `packages/${name}/src`;
      return (readdirSync(resolve(root, folder), { recursive: true }) as string[]).map(
        (file) => `${folder}/${file.replaceAll('\\', '/')}`,
      );
    })
    .filter((file) => file.endsWith('.ts'))
    .filter((file) => !file.includes('src/signing/'));
  expect(files.length).toBeGreaterThan(200);
  const guarded =
    /\b(?:signReveal|signSettlement|signEpochEnd|signStatementList)\(|signBody\(\s*[^,]+,\s*(?:commit|reveal|claim|grant|refusal|certificate|statementList)Domain|\b(?:keys|nodeKeys|gatewayKeys)\.sign\(/;
  const ways = files.filter((file) => {
    const text = readFileSync(resolve(root, file), 'utf8').replaceAll(
      /signer\.(?:signSettlement|signEpochEnd)\(/g,
      '',
    );
    return guarded.test(text);
  });
  expect(ways).toEqual([]);
});
