import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { isMoeError } from '@market-of-experts/core';
import {
  embedOne,
  longText,
  openTestMarket,
  receiptOf,
  settled,
  temporaryDirectory,
} from '@market-of-experts/testing/test-market';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EmbeddedMarket } from '../src/embedded-market.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let root: string;
let whole: string;
let receiptId: string;
/** What the market decides by, and what everybody has, after a start with nothing damaged. */
let expected: string;

/** Numbers that must be the same after any start that succeeds. */
async function decisionsOf(market: EmbeddedMarket): Promise<string> {
  const { jobs, experts, validators } = market.service.status();
  const { ledger, apiKey } = market;
  const decisions = {
    apiKey,
    jobs,
    experts: experts.map(({ id, name, meanLoss, jobs: done, wins, earnedMicro }) => [
      id,
      name,
      meanLoss,
      done,
      wins,
      earnedMicro,
    ]),
    validators,
    accounts: [...ledger.tables().accounts].map(([id, { balanceMicro }]) => [id, balanceMicro]).sort(),
    stakes: ledger.experts(ledger.markets()[0]!.market),
    prepaid: [...ledger.tables().prepaid],
    total: ledger.totalMicro(),
    receipt: await receiptOf(market, receiptId),
  };
  return JSON.stringify(decisions, (_, value) => (typeof value === 'bigint' ? `${value}` : value));
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((name) => !/(^|\/)lock(\.pid)?$/.test(name))
    .sort();

beforeAll(async () => {
  directory = temporaryDirectory();
  root = join(directory.path, 'whole');
  whole = join(root, 'data');
  const market = await openTestMarket(whole, { stateDir: join(root, 'state') });
  for (const number of [1, 2, 3]) ({ examId: receiptId } = await embedOne(market, longText(number), 'shard'));
  await settled(market, 3);
  await market.close();
  const copy = join(directory.path, 'healthy');
  cpSync(root, copy, { recursive: true });
  const healthy = await openTestMarket(join(copy, 'data'), { stateDir: join(copy, 'state') });
  expected = await decisionsOf(healthy);
  await healthy.close();
});
afterAll(() => directory.remove());

/** Starts a copy with one file damaged: the market decides as before, or refuses with a sentence that names what is wrong. */
async function start(
  name: string,
  what: string,
  damage: (path: string) => void,
): Promise<'same' | 'refused'> {
  const copy = join(directory.path, 'copy');
  rmSync(copy, { recursive: true, force: true });
  // With what is noted outside of it: a copy of the directory alone is refused as such.
  cpSync(root, copy, { recursive: true });
  damage(join(copy, 'data', name));
  let market: EmbeddedMarket;
  try {
    market = await openTestMarket(join(copy, 'data'), { stateDir: join(copy, 'state') });
  } catch (error) {
    if (!isMoeError(error)) throw new Error(`${name}, ${what}: ${String(error)}`, { cause: error });
    expect(error.message, `${name}, ${what}`).toContain(copy);
    expect(error.message, `${name}, ${what}`).not.toMatch(/\n|undefined|is not a function/);
    return 'refused';
  }
  try {
    expect(await decisionsOf(market), `${name}, ${what}`).toBe(expected);
  } finally {
    await market.close();
  }
  return 'same';
}

describe('a data directory of which any file is damaged', () => {
  it('starts with the same decisions, or says what is damaged: never other numbers, never a crash', {
    timeout: 900_000,
  }, async () => {
    const outcomes: Record<string, string[]> = {};
    let seed = 11;
    const draw = (bound: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 1;
      return seed % bound;
    };
    for (const name of filesIn(whole)) {
      const { size } = statSync(join(whole, name));
      const [at, bit] = [draw(Math.max(1, size)), 1 << draw(8)];
      const flipped = await start(name, `bit ${bit} of byte ${at}`, (path) => {
        const bytes = readFileSync(path);
        if (bytes.length > 0) bytes[at]! ^= bit;
        writeFileSync(path, bytes);
      });
      const cut = await start(name, `cut to ${size >> 1} bytes`, (path) => truncateSync(path, size >> 1));
      outcomes[name] = [flipped, cut];
    }
    // Where nothing is ever refused, nothing was looked at.
    expect(Object.keys(outcomes).length).toBeGreaterThan(15);
    expect(outcomes['keys.json']).toContain('refused');
    expect(outcomes['ledger/store/data.mdb']).toContain('refused');
    expect(outcomes['standings.cbor']).toEqual(['same', 'same']);
  });
});
