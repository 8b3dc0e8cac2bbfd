import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Signer } from '@market-of-experts/core';
import { encryptKeystore, saveWallet } from '@market-of-experts/core/keystore';
import { createGateway } from '@market-of-experts/gateway';
import { type EmbeddedMarket, openEmbeddedMarket } from '@market-of-experts/host/embedded-market';
import { referenceBackend } from '@market-of-experts/models';
import { run } from '../src/program.ts';
import type { MoeResult } from './test-process.ts';

/** A real embedded market behind the real gateway, in a data directory of its own. */
export interface TestLedgerMarket {
  readonly url: string;
  readonly dataDir: string;
  readonly market: EmbeddedMarket;
  /**
   * Runs `moe` beside it in this process, with its data directory and a passphrase; one at a time. Nobody can be asked.
   */
  moe(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<MoeResult>;
  /** Keeps a key as a wallet that is opened faster than a real one. */
  keep(name: string, key: Signer): Promise<void>;
  /** The same with `--json`; what it printed. Throws if the exit code is not 0. */
  json<Shape>(args: readonly string[]): Promise<Shape>;
  close(): Promise<void>;
}

const testPassphrase = 'correct horse battery';

/** @param epochMs length of an epoch; by default none ends during a test */
export async function startTestLedgerMarket(epochMs = 86_400_000): Promise<TestLedgerMarket> {
  const dataDir = await mkdtemp(join(tmpdir(), 'moe-ledger-market-'));
  const founding = { name: 'words', description: 'for tests', backend: referenceBackend('bag-of-words') };
  const market = await openEmbeddedMarket({
    dataDir,
    founding,
    founders: [founding.name],
    countTokens: (text) => text.split(' ').length,
    version: '0.0.0-test',
    ticketDepth: 8,
    epochMs,
  }).catch(async (error: unknown) => {
    await rm(dataDir, { recursive: true, force: true });
    throw error;
  });
  const gateway = await createGateway({
    service: market.service,
    port: 0,
    limits: { closeGraceMs: 0 },
  });
  const moe: TestLedgerMarket['moe'] = (args, env = {}) =>
    captured({ MOE_URL: gateway.url, MOE_HOME: dataDir, MOE_PASSPHRASE: testPassphrase, ...env }, () =>
      run(args),
    );
  return {
    url: gateway.url,
    dataDir,
    market,
    moe,
    async keep(name, key) {
      saveWallet(
        join(dataDir, 'wallets'),
        name,
        await encryptKeystore(key, testPassphrase, { n: 2, r: 8, p: 1 }),
      );
    },
    async json<Shape>(args: readonly string[]) {
      const { code, stdout, stderr } = await moe([...args, '--json']);
      if (code !== 0) throw new Error(`moe ${args.join(' ')} exited with ${code}: ${stderr}`);
      return JSON.parse(stdout) as Shape;
    },
    async close() {
      await gateway.close();
      await market.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** What `work` writes, and the exit code that it results in, with these variables in the environment. */
async function captured(
  env: Readonly<Record<string, string>>,
  work: () => Promise<number>,
): Promise<MoeResult> {
  const before = process.env;
  const writers = { stdout: process.stdout.write, stderr: process.stderr.write };
  const written = { stdout: '', stderr: '' };
  process.env = { PATH: before.PATH, ...env };
  for (const name of ['stdout', 'stderr'] as const)
    process[name].write = (text: string | Uint8Array) => {
      written[name] += Buffer.from(text as string).toString();
      return true;
    };
  try {
    return { code: await work(), ...written };
  } finally {
    process.env = before;
    Object.assign(process.stdout, { write: writers.stdout });
    Object.assign(process.stderr, { write: writers.stderr });
  }
}
