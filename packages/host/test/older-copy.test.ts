import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openTestMarket, temporaryDirectory } from '@market-of-experts/testing/test-market';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { embeddedMarketId } from '../src/embedded-market.ts';

let root: ReturnType<typeof temporaryDirectory>;
beforeEach(() => {
  root = temporaryDirectory();
});
afterEach(() => root.remove());
const at = (name: string): string => join(root.path, name);
const open = (dataDir: string, acceptsOlderCopy = false) =>
  openTestMarket(at(dataDir), { stateDir: at('state'), acceptsOlderCopy });
const job = async (market: Awaited<ReturnType<typeof open>>, text: string): Promise<void> => {
  await market.service.serve({
    account: market.clientAccount,
    market: embeddedMarketId,
    texts: [`${text} twelve words or more let the experts compete for a text in a shard`],
    mode: 'shard',
  });
};

it('a market put back from an older copy does not start; the newer one goes on by itself', async () => {
  const first = await open('data');
  await job(first, 'one');
  await first.close();
  cpSync(at('data'), at('copy'), { recursive: true });
  const second = await open('data');
  await job(second, 'two');
  await second.close();
  await expect(open('copy')).rejects.toMatchObject({
    code: 'guard-older-copy',
    message: expect.stringContaining('--accept-older-copy'),
  });
  const third = await open('data');
  await job(third, 'three');
  await third.close();
  // Moved to a machine that has no note of it: the operator is asked, too.
  rmSync(at('state'), { recursive: true });
  await expect(open('data')).rejects.toMatchObject({ code: 'guard-older-copy' });
  const accepted = await open('data', true);
  await accepted.close();
  await (await open('data')).close();
});

it('a copy does not run beside the market', async () => {
  const market = await open('data');
  cpSync(at('data'), at('copy'), { recursive: true });
  await expect(open('copy')).rejects.toMatchObject({ code: 'guard-in-use' });
  await market.close();
});
