import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex, type MarketId, ownerKeyFromPrivate } from '@market-of-experts/core';
import { editionBytes, editionHash, readEdition } from '@market-of-experts/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestLedgerMarket, type TestLedgerMarket } from '../test-ledger-market.ts';

let test: TestLedgerMarket;
const market = 'text-embedding' as MarketId;
const exams = { root: 'ab'.repeat(32) as never, fromBatch: 0, toBatch: 0, texts: 600 };

/** The founding edition, and one that names exams that nobody has. */
beforeAll(async () => {
  test = await startTestLedgerMarket();
  const { ledger } = test.market;
  const { owners } = JSON.parse(readFileSync(join(test.dataDir, 'keys.json'), 'utf8'));
  const keys = ownerKeyFromPrivate(fromHex(owners['market-owner']));
  const first = readEdition(ledger.editions(market)[0]!.edition);
  const [part] = first.parts;
  const second = {
    ...first,
    number: 2,
    previous: editionHash(first),
    parts: [{ ...part!, weightSteps: 3 }],
    evidence: exams.root,
  };
  await ledger.transact(keys, { kind: 'publishEdition', market, edition: editionBytes(second), exams });
  await ledger.transact(keys, {
    kind: 'publishShares',
    market,
    edition: 2,
    epoch: ledger.settings().epoch,
    millionths: [1_000_000],
    exams,
  });
});
afterAll(() => test?.close());

describe('moe edition', () => {
  it('shows the one in force, and each by its number', async () => {
    const { stdout, code } = await test.moe(['edition', 'show']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/text-embedding@2 {2}in force since epoch 1/);
    expect(stdout).toContain('chosen by 600 examined texts');
    expect(stdout).toMatch(/words\s+\d+\s+1\.5\s+100\.0 %/);
    const earlier = await test.moe(['edition', 'show', 'text-embedding@1']);
    expect(earlier.stdout).toContain('chosen by its owner');
    expect(earlier.stdout).toContain('equal parts');
    const json = await test.json<{ number: number; edition: { parts: unknown[] } }>([
      'edition',
      'show',
      market,
    ]);
    expect(json).toMatchObject({ number: 2, edition: { parts: [{ weightSteps: 3 }] } });
  });

  it('lists them, the latest first', async () => {
    const { stdout } = await test.moe(['edition', 'history']);
    expect(stdout.indexOf('text-embedding@2')).toBeLessThan(stdout.indexOf('text-embedding@1'));
    const { editions } = await test.json<{ editions: { name: string }[] }>(['edition', 'history', market]);
    expect(editions.map(({ name }) => name)).toEqual(['text-embedding@1', 'text-embedding@2']);
  });

  it('verifies them, and says what does not agree', async () => {
    const right = await test.moe(['edition', 'verify', 'text-embedding@1']);
    expect(right).toMatchObject({ code: 0, stderr: '' });
    expect(right.stdout).toContain('What the ledger says is what the exams say.');
    const wrong = await test.moe(['edition', 'verify']);
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toMatch(/choice: .*no bytes with this hash/);
    const { stdout, code } = await test.moe(['edition', 'verify', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ market, ok: false });
  });

  it('knows what is no edition', async () => {
    for (const name of ['text-embedding@0', 'text-embedding@9', 'NO', 'nowhere'])
      expect((await test.moe(['edition', 'show', name])).code).toBe(2);
    expect((await test.moe(['edition', 'verify', 'text-embedding@9'])).stderr).toContain(
      'moe edition history',
    );
  });
});
