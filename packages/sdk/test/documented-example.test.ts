/** The first example of docs/reference/sdk.md, as it stands there, against a market. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createGateway } from '@market-of-experts/gateway';
import { expect, it } from 'vitest';
import { createSimulatedMarket } from '../../gateway/test/simulated-market.ts';

const root = join(import.meta.dirname, '../../..');

it('runs', async () => {
  const page = readFileSync(join(root, 'docs/reference/sdk.md'), 'utf8');
  const [, example] = /```ts\n(.*?)```/s.exec(page)!;
  const folder = mkdtempSync(join(tmpdir(), 'moe-sdk-'));
  const service = createSimulatedMarket();
  const gateway = await createGateway({ service, port: 0 });
  try {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'example.ts'), example!);
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const { stdout } = await promisify(execFile)(process.execPath, ['example.ts'], {
      cwd: folder,
      env: { ...process.env, MOE_URL: gateway.url, MOE_API_KEY: service.apiKey },
    });
    expect(stdout).toMatch(
      /^2 vectors for 240 micro-credits, by receipt [0-9a-f]{64}\n5 experts, ready: true\n$/,
    );
  } finally {
    await gateway.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
