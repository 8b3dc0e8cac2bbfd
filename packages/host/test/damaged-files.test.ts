import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isMoeError } from '@market-of-experts/core';
import { writeSealedJson } from '@market-of-experts/core/files';
import {
  embedOne,
  failedChecks,
  longText,
  openTestMarket,
  receiptOf,
  settled,
  temporaryDirectory,
} from '@market-of-experts/testing/test-market';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let directory: ReturnType<typeof temporaryDirectory>;
let dataDir: string;
/** What the market has done before its files are damaged. */
let receiptId: string;
const keysPath = () => join(dataDir, 'keys.json');

beforeEach(async () => {
  directory = temporaryDirectory();
  dataDir = join(directory.path, 'data');
  const market = await openTestMarket(dataDir);
  ({ examId: receiptId } = await embedOne(market, longText(1), 'shard'));
  await settled(market, 1);
  await market.close();
});
afterEach(() => directory.remove());

/** The sentence with which the market refuses to start. */
async function refusal(): Promise<{ code: string; message: string }> {
  const outcome = await openTestMarket(dataDir).then(
    async (market) => {
      await market.close();
      throw new Error('The market started.');
    },
    (error: unknown) => error,
  );
  if (!isMoeError(outcome)) throw outcome;
  expect(outcome.message).not.toContain('\n');
  return outcome;
}

describe('keys', () => {
  it.each([
    ['truncated', (text: string) => text.slice(0, text.length / 2)],
    ['empty', () => ''],
    ['of another form', () => '{"treasury": 7}'],
    ['no JSON', () => 'private'],
  ])('that are %s are neither used nor replaced', async (_, damage) => {
    const damaged = damage(readFileSync(keysPath(), 'utf8'));
    writeFileSync(keysPath(), damaged);
    const { code, message } = await refusal();
    expect(code).toBe('keys-unreadable');
    expect(message).toContain(keysPath());
    expect(message).toContain('Restore it from a backup');
    expect(readFileSync(keysPath(), 'utf8')).toBe(damaged);
  });

  it('that are gone are not made anew beside a ledger', async () => {
    const backup = readFileSync(keysPath());
    rmSync(keysPath());
    expect(await refusal()).toMatchObject({ code: 'keys-missing' });
    expect(existsSync(keysPath())).toBe(false);
    writeFileSync(keysPath(), backup);
    const market = await openTestMarket(dataDir);
    expect(market.service.status().jobs.certified).toBe(1);
    await market.close();
    expect(statSync(keysPath()).mode & 0o777).toBe(0o600);
  });

  it('that lack the treasury are not completed beside a ledger', async () => {
    const { owners, nodes } = JSON.parse(readFileSync(keysPath(), 'utf8'));
    const { treasury: _, ...others } = owners;
    const rest = { owners: others, nodes };
    writeSealedJson(keysPath(), rest);
    const { code, message } = await refusal();
    expect(code).toBe('keys-missing');
    expect(message).toContain('lacks treasury');
    expect(JSON.parse(readFileSync(keysPath(), 'utf8'))).toMatchObject(rest);
  });
});

describe('the API key', () => {
  it('is refused when its file is empty: nobody gets in with an empty key', async () => {
    writeFileSync(join(dataDir, 'api-key'), '\n');
    const { code, message } = await refusal();
    expect(code).toBe('api-key-unreadable');
    expect(message).toContain('Delete it');
  });

  it('is made anew when its file is deleted, for the same account', async () => {
    const before = readFileSync(join(dataDir, 'api-key'), 'utf8').trim();
    rmSync(join(dataDir, 'api-key'));
    const market = await openTestMarket(dataDir);
    expect(market.apiKey).not.toBe(before);
    expect(market.service.authenticate(before)).toBeUndefined();
    expect(market.service.authenticate(market.apiKey)).toBe(market.clientAccount);
    await market.close();
  });
});

describe('what can be made again', () => {
  const reopened = async (warnings: string[] = []) =>
    openTestMarket(dataDir, { onWarning: (message) => warnings.push(message) });

  it.each([
    ['gone', (path: string) => rmSync(path)],
    ['garbage', (path: string) => writeFileSync(path, 'not CBOR at all')],
    ['cut off', (path: string) => truncateSync(path, 20)],
  ])('standings that are %s are added up from the settlements', async (_, damage) => {
    damage(join(dataDir, 'standings.cbor'));
    const market = await reopened();
    const { jobs, experts } = market.service.status();
    expect(jobs).toEqual({ certified: 1, routed: 1, refunded: 0 });
    expect(experts.map((each) => each.jobs)).toEqual([1, 1, 1]);
    await market.close();
  });

  it.each([
    ['gone', (path: string) => rmSync(path)],
    ['garbage', (path: string) => writeFileSync(path, '{"count":64}')],
  ])('places that are %s are fitted again to the same', async (_, damage) => {
    const path = join(dataDir, 'places', 'places.json');
    const before = readFileSync(path, 'utf8');
    damage(path);
    const market = await reopened();
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect(await failedChecks(market, await receiptOf(market, receiptId))).toEqual([]);
    await market.close();
  });

  it('damaged snapshots of the ledger are passed over', async () => {
    const folder = join(dataDir, 'ledger', 'snapshots');
    for (const name of readdirSync(folder)) writeFileSync(join(folder, name), 'garbage');
    const warnings: string[] = [];
    const market = await reopened(warnings);
    expect(warnings.some((warning) => warning.includes('damaged and is passed over'))).toBe(true);
    expect(market.service.status().jobs.certified).toBe(1);
    await market.close();
  });
});

describe('the data directory', () => {
  it('that is a file gets a sentence', async () => {
    dataDir = join(directory.path, 'file');
    writeFileSync(dataDir, 'x');
    expect(await refusal()).toMatchObject({ code: 'data-directory-unusable' });
  });

  // Root may write anywhere; an immutable or read-only folder needs privileges of its own to make.
  it.skipIf(process.getuid?.() === 0)('that cannot be written gets a sentence', async () => {
    dataDir = join(directory.path, 'closed');
    mkdirSync(dataDir);
    chmodSync(dataDir, 0o500);
    expect(await refusal()).toMatchObject({ code: 'data-directory-unusable' });
  });

  it('is free again after a start that failed', async () => {
    const backup = readFileSync(keysPath());
    writeFileSync(keysPath(), '');
    await refusal();
    writeFileSync(keysPath(), backup);
    const founding = async () => {
      throw new Error('no model');
    };
    await expect(openTestMarket(dataDir, { founding })).rejects.toThrow('no model');
    await expect(openTestMarket(dataDir, { signal: AbortSignal.abort() })).rejects.toThrow();
    await (await openTestMarket(dataDir)).close();
  });
});
