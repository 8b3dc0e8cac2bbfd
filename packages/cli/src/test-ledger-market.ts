import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { referenceBackend } from '@moe/experts';
import { createGateway } from '@moe/gateway';
import { type EmbeddedMarket, openEmbeddedMarket } from '@moe/node';
import { type MoeResult, type MoeStart, runMoe } from './test-process.ts';

/** A real embedded market behind the real gateway, in a data directory of its own. */
export interface TestLedgerMarket {
  readonly url: string;
  readonly dataDir: string;
  readonly market: EmbeddedMarket;
  /** Runs `moe` beside it, with its data directory and a passphrase. */
  moe(args: readonly string[], start?: Partial<MoeStart>): Promise<MoeResult>;
  /** The same with `--json`; what it printed. Throws if the exit code is not 0. */
  json<Shape>(args: readonly string[]): Promise<Shape>;
  close(): Promise<void>;
}

export const testPassphrase = 'correct horse battery';

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
  });
  const gateway = await createGateway({
    service: market.service,
    port: 0,
    limits: { closeGraceMs: 0 },
  });
  const moe = (args: readonly string[], start: Partial<MoeStart> = {}): Promise<MoeResult> =>
    runMoe(args, {
      cwd: dataDir,
      ...start,
      env: { MOE_URL: gateway.url, MOE_HOME: dataDir, MOE_PASSPHRASE: testPassphrase, ...start.env },
    });
  return {
    url: gateway.url,
    dataDir,
    market,
    moe,
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
