import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  fromHex,
  generateOwnerKey,
  hashOf,
  keyPairFromSeed,
  type NodeId,
  signBody,
} from '@market-of-experts/core';
import {
  commitDomain,
  jobIdOf,
  type OrderBody,
  type Transaction,
  transactionToJson,
} from '@market-of-experts/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestLedgerMarket, type TestLedgerMarket } from '../test-ledger-market.ts';

let test: TestLedgerMarket;
const market = 'text-embedding';
const reporter = generateOwnerKey();
beforeAll(async () => {
  test = await startTestLedgerMarket();
  await test.keep('reporter', reporter);
});
afterAll(() => test?.close());

/** A file that shows the market's expert sealing one job twice, with these seals. */
async function proofOf(first: string, second: string): Promise<string> {
  const { nodes } = JSON.parse(readFileSync(join(test.dataDir, 'keys.json'), 'utf8'));
  const keys = keyPairFromSeed(fromHex(nodes['expert-words']));
  const node = keys.publicKey as NodeId;
  const { network } = test.market.service.ledger.network();
  const order: OrderBody = {
    network,
    market: market as never,
    client: test.market.clientAccount,
    clientSeq: 0,
    coordinator: test.market.ledger.prepaid(test.market.clientAccount, market as never)!.gateway,
    dataHash: hashOf('test/data', 0),
    bytes: 100,
    maxFeeMicro: 1n,
    tipMicro: 0n,
    deadlineMs: Date.now(),
  };
  const commit = (seal: string) =>
    signBody(keys, commitDomain, {
      job: jobIdOf([order]),
      stage: 'sealed' as const,
      principal: node,
      worker: node,
      list: hashOf('test/list', 0),
      seal: hashOf('test/seal', seal),
    });
  const { proof } = transactionToJson({
    kind: 'evidence',
    network,
    from: reporter.address,
    nonce: 0,
    market,
    proof: {
      kind: 'statements',
      orders: [order],
      statements: [
        { kind: 'commit', signed: commit(first) },
        { kind: 'commit', signed: commit(second) },
      ],
    },
  } as Transaction) as { proof: unknown };
  const path = join(test.dataDir, `proof-${first}-${second}.json`);
  await writeFile(path, JSON.stringify(proof));
  return path;
}
const evidence = (path: string, ...args: string[]) =>
  test.moe(['evidence', path, '--market', market, '--from', 'reporter', ...args]);

describe('moe evidence', () => {
  it('slashes who sealed a job twice, and rewards who shows it, once', async () => {
    const path = await proofOf('one', 'two');
    const dry = await evidence(path, '--dry-run');
    expect(dry).toMatchObject({ code: 0, stderr: '' });
    expect(dry.stdout).toContain('Report misbehaviour (statements) in the market text-embedding');
    expect(test.market.ledger.account(reporter.address).balanceMicro).toBe(0n);

    expect((await evidence(path, '--yes')).code).toBe(0);
    const expert = test.market.ledger.experts(market as never).find(({ name }) => name === 'words')!;
    expect(expert.stakeMicro).toBe(5_000_000n);
    expect(test.market.ledger.account(reporter.address).balanceMicro).toBe(500_000n);

    const again = await evidence(path, '--yes');
    expect(again.code).toBe(4);
    expect(again.stderr).toMatch(
      /was punished in epoch \d+, for [0-9a-f]+; who staked on it has time to leave/,
    );
  });

  it('says what is wrong with a file that proves nothing', async () => {
    const cases: [string, RegExp][] = [
      [await proofOf('same', 'same'), /proves nothing in "text-embedding"/],
      [join(test.dataDir, 'keys.json'), /is no proof/],
      [join(test.dataDir, 'api-key'), /is no JSON/],
      [join(test.dataDir, 'nothing-here.json'), /cannot be read: there is no such file or folder\.$/m],
    ];
    for (const [path, reason] of cases) {
      const { code, stderr } = await evidence(path, '--yes');
      expect([path, code]).toEqual([path, 2]);
      expect(stderr).toMatch(reason);
      expect(stderr).not.toMatch(/ at .*:\d+/);
    }
  });
});
