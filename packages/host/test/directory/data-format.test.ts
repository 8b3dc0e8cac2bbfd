/** Directories that another version of the program has made: told from damaged ones, and left as they are. */
import { hash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from '@market-of-experts/core';
import { writeSealed, writeSealedJson } from '@market-of-experts/core/files';
import { openStore } from '@market-of-experts/ledger';
import {
  embedOne,
  longText,
  openTestMarket,
  settled,
  temporaryDirectory,
} from '@market-of-experts/testing/test-market';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { examineDataDirectory } from '../../src/doctor.ts';

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

const start = () => openTestMarket(dataDir, { stateDir });
const examine = () => examineDataDirectory(dataDir, { hasRepair: true, nowMs: 0 });
const content = (): string[] =>
  readdirSync(dataDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('lock'))
    .map(({ parentPath, name }) => `${name} ${hash('sha256', readFileSync(join(parentPath, name)))}`)
    .sort();
const current = (): number => Number.parseInt(readFileSync(join(root, 'data', 'format'), 'utf8'), 10);
const newer = 5_000;
const marked = (format: number): string =>
  `${format} ${hash('sha256', `moe/data-format/${format}`, 'hex').slice(0, 16)}\n`;

describe('a data directory', () => {
  it.each([
    [
      'of an older version',
      marked(4),
      /older version: its format is 4, .* Go on with the version that made it/,
    ],
    [
      'of this one before its release',
      'CURRENT\n',
      /older version: its format is \d+ as it was before its release, this one's is \d/,
    ],
    ['of a newer version', marked(newer), /newer version: its format is 5000, .* Update this program/],
    ['whose format is missing', undefined, /has no file "format": .* Restore the file from a backup/],
  ])('%s is refused with one sentence on what to do, and left as it is', async (_, format, told) => {
    const path = join(dataDir, 'format');
    if (format === undefined) rmSync(path);
    else writeFileSync(path, format.replace('CURRENT', String(current())));
    const before = content();
    for (const use of [start, examine]) {
      const error = await use().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ code: 'data-directory-outdated' });
      expect(String(error)).toMatch(told);
      expect(String(error)).toMatch(/has another format .* Nothing was changed\. .*--data DIR\.$/);
      expect(String(error)).not.toMatch(/damaged|\n/);
    }
    expect(content()).toEqual(before);
  });

  it('whose format is damaged is damaged, not of another version', async () => {
    writeFileSync(join(dataDir, 'format'), `${current()} 0123456789abcdef\n`);
    await expect(start()).rejects.toMatchObject({ code: 'file-damaged' });
    expect((await examine()).find(({ path }) => path === 'format')?.damage).toMatchObject({
      remedy: 'backup',
    });
  });
});

describe('a file that is whole, but of another version', () => {
  it.each([
    [
      'the keys',
      'keys.json',
      () => writeSealedJson(join(dataDir, 'keys.json'), { owners: {}, nodes: {}, more: 1 }),
    ],
    [
      'the log',
      'ledger',
      async () => {
        const store = openStore(join(dataDir, 'ledger'));
        const log = store.table<number>('log');
        const bytes = new Uint8Array(log.get(0)!);
        // As a version would have written it whose transactions have another form.
        const body = encode(['moe/other-form', { kind: 'unheard-of' }]);
        const sealed = Buffer.concat([bytes.subarray(33, 34 + bytes[33]!), body]);
        const chained = Buffer.concat([Buffer.alloc(32), sealed]);
        const entry = Buffer.concat([bytes.subarray(0, 1), hash('sha256', chained, 'buffer'), sealed]);
        await store.write(() => log.put(0, entry));
        await store.close();
        rmSync(join(dataDir, 'ledger', 'snapshots'), { recursive: true, force: true });
      },
    ],
  ])('is called that where it is %s, at the start and by the doctor', async (_, path, replace) => {
    await replace();
    const error = await start().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'other-format' });
    expect(String(error)).toMatch(/is not damaged, but was written by another version of this program/);
    expect((await examine()).find((each) => each.path === path)?.damage).toMatchObject({
      remedy: 'other-version',
      why: expect.stringContaining('another version'),
    });
  });

  it('is made again where it can be: the standings', async () => {
    writeSealed(join(dataDir, 'standings.cbor'), { kind: 'standings', version: newer }, new Uint8Array(3));
    const warnings: string[] = [];
    const market = await openTestMarket(dataDir, {
      stateDir,
      onWarning: (message) => warnings.push(message),
    });
    await market.close();
    expect(warnings).toEqual([expect.stringMatching(/standings\.cbor was written by another version/)]);
  });
});
