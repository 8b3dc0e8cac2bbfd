import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  embedOne,
  longText,
  openTestMarket,
  settled,
  temporaryDirectory,
} from '@market-of-experts/testing/test-market';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { examineDataDirectory, type FileFinding } from '../src/doctor.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let root: string;
let dataDir: string;
let stateDir: string;

beforeAll(async () => {
  directory = temporaryDirectory();
  root = join(directory.path, 'whole');
  const market = await openTestMarket(join(root, 'data'), { stateDir: join(root, 'state') });
  await embedOne(market, longText(1), 'shard');
  await settled(market, 1);
  await market.close();
});
afterAll(() => directory.remove());
beforeEach(() => {
  const copy = join(directory.path, 'copy');
  rmSync(copy, { recursive: true, force: true });
  cpSync(root, copy, { recursive: true });
  dataDir = join(copy, 'data');
  stateDir = join(copy, 'state');
});

const flip = (...names: string[]): void => {
  const path = join(dataDir, ...names);
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes);
};
const examine = (hasRepair = false): Promise<readonly FileFinding[]> =>
  examineDataDirectory(dataDir, { hasRepair, nowMs: 0 });
const damaged = (findings: readonly FileFinding[]) =>
  Object.fromEntries(
    findings.flatMap(({ path, damage }) => (damage === undefined ? [] : [[path, damage.remedy]])),
  );
const content = (): string[] =>
  readdirSync(dataDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('lock'))
    .map(
      (entry) =>
        `${join(entry.parentPath, entry.name)} ${readFileSync(join(entry.parentPath, entry.name)).toString('base64')}`,
    )
    .sort();

describe('the doctor of a data directory', () => {
  it('finds nothing where nothing is damaged, and changes nothing', async () => {
    const before = content();
    const findings = await examine();
    expect(damaged(findings)).toEqual({});
    expect(findings.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        'keys.json',
        'ledger',
        'standings.cbor',
        'history',
        'validator.json',
        'places/places.json',
      ]),
    );
    expect(content()).toEqual(before);
  });

  it('says of each damaged file what helps', async () => {
    const snapshot = readdirSync(join(dataDir, 'ledger', 'snapshots'))[0]!;
    for (const names of [['keys.json'], ['api-key'], ['format'], ['standings.cbor'], ['validator.json']])
      flip(...names);
    flip('ledger', 'snapshots', snapshot);
    flip('places', 'places.json');
    flip('history', 'nodes.bin');
    writeFileSync(join(dataDir, 'ledger', 'store', 'data.mdb'), 'short');
    expect(damaged(await examine())).toEqual({
      'keys.json': 'backup',
      format: 'backup',
      ledger: 'backup',
      'api-key': 'repair',
      'validator.json': 'repair',
      history: 'repair',
      'ledger/snapshots': 'next-start',
      'places/places.json': 'next-start',
      'standings.cbor': 'next-start',
    });
  });

  it('sets aside what can be made again; then the market starts, with the same receipts', async () => {
    flip('validator.json');
    flip('history', 'records', '00000000.rows');
    flip('history', 'layout.json');
    flip('api-key');
    await expect(openTestMarket(dataDir, { stateDir })).rejects.toThrow('damaged');
    const findings = await examine(true);
    expect(damaged(findings)).toEqual({ 'validator.json': 'repair', history: 'repair', 'api-key': 'repair' });
    const aside = findings.find(({ path }) => path === 'validator.json')!.damage!.setAsideIn!;
    expect(existsSync(join(dataDir, aside, 'validator.json'))).toBe(true);
    expect(damaged(await examine())).toEqual({});
    const market = await openTestMarket(dataDir, { stateDir });
    expect(market.service.status().jobs.certified).toBe(1);
    await market.close();
    // The record of the job is there again, from its receipt.
    expect(readFileSync(join(dataDir, 'history', 'records', '00000000.rows')).length).toBeGreaterThan(0);
  });

  it('does not look into a directory in which a market runs', async () => {
    const market = await openTestMarket(dataDir, { stateDir });
    await expect(examine()).rejects.toMatchObject({ code: 'data-directory-in-use' });
    await market.close();
  });
});
