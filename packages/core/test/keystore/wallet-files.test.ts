import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { generateKeyPair } from '../../src/keys.ts';
import { decryptKeystore, encryptKeystore } from '../../src/keystore/keystore.ts';
import { listWallets, readWallet, saveWallet, walletPath } from '../../src/keystore/wallet-files.ts';
import { generateOwnerKey } from '../../src/owner/owner-key.ts';

const light = { n: 1_024, r: 8, p: 1 };
let root: string;
let directory: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'moe-wallets-'));
  directory = join(root, 'wallets');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it('a wallet is for its owner alone, is found again and opens', async () => {
  const key = generateOwnerKey();
  const node = generateKeyPair();
  const path = saveWallet(directory, 'savings', await encryptKeystore(key, 'p', light));
  saveWallet(directory, 'node-1', await encryptKeystore(node, 'q', light));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  writeFileSync(join(directory, 'broken.json'), '{');
  writeFileSync(join(directory, 'README.txt'), 'not a wallet');
  expect(listWallets(directory)).toEqual([
    { name: 'broken', path: join(directory, 'broken.json'), holder: undefined },
    { name: 'node-1', path: join(directory, 'node-1.json'), holder: { kind: 'node', node: node.publicKey } },
    { name: 'savings', path, holder: { kind: 'owner', account: key.address } },
  ]);
  expect(await decryptKeystore(readWallet(directory, 'savings'), 'p')).toEqual({ kind: 'owner', key });
});

it('a wallet is never replaced, and nothing is left of the attempt', async () => {
  const first = await encryptKeystore(generateOwnerKey(), 'p', light);
  const path = saveWallet(directory, 'savings', first);
  const before = readFileSync(path, 'utf8');
  const second = await encryptKeystore(generateOwnerKey(), 'p', light);
  expect(() => saveWallet(directory, 'savings', second)).toThrow(
    expect.objectContaining({ code: 'wallet-exists' }),
  );
  expect(readFileSync(path, 'utf8')).toBe(before);
  expect(readdirSync(directory)).toEqual(['savings.json']);
});

it('names the wallets there are when one is asked for that is not', async () => {
  expect(listWallets(directory)).toEqual([]);
  expect(() => readWallet(directory, 'savings')).toThrow(/none at all/);
  saveWallet(directory, 'other', await encryptKeystore(generateOwnerKey(), 'p', light));
  expect(() => readWallet(directory, 'savings')).toThrow(/There are: other\./);
  writeFileSync(walletPath(directory, 'broken'), 'x'.repeat(200_000));
  expect(() => readWallet(directory, 'broken')).toThrow(/far longer/);
});

it.each(['', '../keys', 'a/b', 'A', '.hidden', 'a'.repeat(64), 'x.json', '-a'])(
  'takes no file name from outside: %j',
  async (name) => {
    const keystore = await encryptKeystore(generateOwnerKey(), 'p', light);
    for (const use of [() => saveWallet(directory, name, keystore), () => readWallet(directory, name)])
      expect(use).toThrow(expect.objectContaining({ code: 'invalid-wallet-name' }));
    expect(existsSync(directory)).toBe(false);
  },
);

it('a directory that is a file is named', async () => {
  writeFileSync(directory, '');
  const keystore = await encryptKeystore(generateOwnerKey(), 'p', light);
  for (const use of [
    () => saveWallet(directory, 'a', keystore),
    () => listWallets(directory),
    () => readWallet(directory, 'a'),
  ])
    expect(use).toThrow(expect.objectContaining({ code: 'wallet-unreachable' }));
});
