import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatAccount, ownerKeyFromPrivate, toHex } from '@market-of-experts/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MoeStart, moeCommand, runMoe, runShell } from '../test-process.ts';

let cwd: string;
const passphrase = 'correct horse battery';
/** Nothing listens there. */
let MOE_URL: string;
const moe = (args: string[], start: Partial<MoeStart> = {}) =>
  runMoe(args, { cwd, ...start, env: { MOE_URL, MOE_PASSPHRASE: passphrase, ...start.env } });

const secret = new Uint8Array(32).fill(7);
const address = formatAccount(ownerKeyFromPrivate(secret).address);

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'moe-wallet-'));
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  MOE_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  server.close();
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

describe('moe wallet', () => {
  it('makes wallets that only their owner can read, and never replaces one', async () => {
    const { code, stdout, stderr } = await moe(['wallet', 'new', 'alice']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Wallet alice: 0x[0-9a-fA-F]{40}\nEncrypted in \.moe\/wallets\/alice\.json/);
    const path = join(cwd, '.moe/wallets/alice.json');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(cwd, '.moe/wallets'))).mode & 0o777).toBe(0o700);
    const before = await readFile(path);
    const again = await moe(['wallet', 'new', 'alice']);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('There is a wallet "alice" already');
    expect(await readFile(path)).toEqual(before);
  });

  it('makes keys of nodes beside them, which agree to be registered', async () => {
    const { code, stdout } = await moe(['wallet', 'node', 'worker', '--json']);
    expect(code).toBe(0);
    const { id, kind } = JSON.parse(stdout);
    expect(kind).toBe('node');
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    const consent = await moe([
      'wallet',
      'consent',
      'worker',
      '--owner',
      address,
      '--network',
      'test-1',
      '--json',
    ]);
    const answer = JSON.parse(consent.stdout);
    expect(answer).toMatchObject({ node: id, owner: address, network: 'test-1' });
    expect(answer.consent).toMatch(/^0x[0-9a-f]{128}$/);
  });

  it('takes private keys from files and standard input, and prints no secret', async () => {
    const { code, stdout, stderr } = await moe(['wallet', 'import', 'carol', '--private-key-file', '-'], {
      stdin: `0x${toHex(secret)}\n`,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(address);
    expect(stdout).not.toContain(toHex(secret));
    await writeFile(join(cwd, 'bad.key'), `${toHex(secret)}00\n`);
    const bad = await moe(['wallet', 'import', 'dave', '--private-key-file', 'bad.key']);
    expect(bad.code).toBe(2);
    expect(bad.stderr).not.toContain(toHex(secret));
    expect(bad.stderr).toContain('64 hex digits');
    const typed = await moe(['wallet', 'import', 'dave']);
    expect(typed).toMatchObject({ code: 2, stdout: '' });
  });

  it('writes backups that other programs open, and bare keys only when told to', async () => {
    const backup = await moe(['wallet', 'export', 'carol', '-o', 'carol.json']);
    expect(backup.code).toBe(0);
    expect((await stat(join(cwd, 'carol.json'))).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(join(cwd, 'carol.json'), 'utf8'))).toMatchObject({
      version: 3,
      address: address.slice(2).toLowerCase(),
      crypto: { cipher: 'aes-128-ctr', kdf: 'scrypt' },
    });
    const restored = await moe(['wallet', 'import', 'copy', '--keystore', 'carol.json']);
    expect(restored.stdout).toContain(address);
    const over = await moe(['wallet', 'export', 'carol', '-o', 'carol.json']);
    expect(over.code).toBe(2);
    expect(over.stderr).toContain('never written over');
    const unasked = await moe(['wallet', 'export', 'carol', '-o', 'carol.key', '--private-key']);
    expect(unasked.code).toBe(2);
    expect(existsSync(join(cwd, 'carol.key'))).toBe(false);
    const bare = await moe(['wallet', 'export', 'carol', '-o', 'carol.key', '--private-key', '--yes']);
    expect(bare.code).toBe(0);
    expect(bare.stdout).not.toContain(toHex(secret));
    expect((await stat(join(cwd, 'carol.key'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(cwd, 'carol.key'), 'utf8')).toBe(`0x${toHex(secret)}\n`);
  });

  it('lists them without a market, and says which files it cannot read', async () => {
    await writeFile(join(cwd, '.moe/wallets/broken.json'), '{');
    const { code, stdout, stderr } = await moe(['wallet', 'list']);
    expect(code).toBe(0);
    expect(stderr).toContain('No balances: ');
    expect(stdout).toMatch(/^wallet +kind +credits +address or node\nalice +owner +– +0x/);
    expect(stdout).toMatch(new RegExp(`\\ncarol +owner +– +${address}\\n`));
    expect(stdout).toMatch(/\nbroken +unreadable +– +–\n/);
    expect(stdout).toMatch(/\nworker +node +– +[0-9a-f]{64}\n/);
    await rm(join(cwd, '.moe/wallets/broken.json'));
    const shown = await moe(['wallet', 'show', 'carol', '--json']);
    expect(JSON.parse(shown.stdout)).toMatchObject({ id: address, balanceMicro: null });
  });

  it.concurrent.each<[string, string[], Record<string, string>, number, RegExp]>([
    [
      'a wrong passphrase',
      ['wallet', 'export', 'carol', '-o', 'x'],
      { MOE_PASSPHRASE: 'wrong' },
      5,
      /passphrase is wrong/,
    ],
    [
      'no passphrase',
      ['wallet', 'export', 'carol', '-o', 'x'],
      { MOE_PASSPHRASE: '' },
      5,
      /MOE_PASSPHRASE, or name a file/,
    ],
    [
      'a short new passphrase',
      ['wallet', 'new', 'short'],
      { MOE_PASSPHRASE: '1234567' },
      2,
      /8 characters or more/,
    ],
    ['an unknown wallet', ['wallet', 'show', 'nobody'], {}, 5, /There is no wallet "nobody" .* alice, carol/],
    ['a name that is none', ['wallet', 'new', '../x'], {}, 2, /lowercase letters, digits or hyphens/],
    [
      'several wallets and none chosen',
      ['transfer', '1', '--to', address, '--yes'],
      {},
      2,
      /say which with --from or MOE_WALLET \(alice, carol, copy\)/,
    ],
    [
      'a node that should pay',
      ['transfer', '1', '--to', address, '--from', 'worker', '--yes'],
      {},
      2,
      /holds no money/,
    ],
    ['nobody to ask', ['transfer', '1', '--to', address, '--from', 'alice'], {}, 2, /--dry-run; add --yes/],
    [
      'no market',
      ['transfer', '1', '--to', address, '--from', 'alice', '--yes'],
      {},
      1,
      /No market answers at/,
    ],
    [
      'a mistyped address',
      ['transfer', '1', '--to', address.replace(/a/i, 'b'), '--from', 'alice', '--yes'],
      {},
      2,
      /checksum|not an account/,
    ],
    [
      'a strange amount',
      ['transfer', '1e3', '--to', address, '--from', 'alice', '--yes'],
      {},
      2,
      /not an amount of credits/,
    ],
    ['nothing', ['transfer', '0', '--to', address, '--from', 'alice', '--yes'], {}, 2, /more than 0/],
    ['a group without a command', ['stake'], {}, 2, /^Usage: moe stake /],
    ['an unknown command of a group', ['stake', 'ad'], {}, 2, /Did you mean add\?/],
    [
      'a target that is none',
      ['stake', 'add', 'me', '1', '--from', 'alice', '--yes'],
      {},
      2,
      /validator:NAME or MARKET\/NAME/,
    ],
  ])('says what to do about %s', async (_, args, env, code, message) => {
    const result = await moe(args, { env });
    expect(result.stderr).toMatch(message);
    expect(result.stderr).not.toMatch(/\n\s+at /);
    expect({ code: result.code, stdout: result.stdout }).toEqual({ code, stdout: '' });
    expect(await readdir(join(cwd, '.moe/wallets'))).toEqual([
      'alice.json',
      'carol.json',
      'copy.json',
      'worker.json',
    ]);
  });

  it('reads the passphrase from a file, without the newline at its end', async () => {
    await writeFile(join(cwd, 'pass'), `${passphrase}\n`);
    await copyFile(join(cwd, '.moe/wallets/alice.json'), join(cwd, 'a.json'));
    const { code } = await moe(
      ['wallet', 'import', 'filed', '--keystore', 'a.json', '--passphrase-file', 'pass'],
      {
        env: { MOE_PASSPHRASE: '' },
      },
    );
    expect(code).toBe(0);
  });

  // `script` gives the command a terminal.
  it.runIf(process.platform === 'linux')('asks for a new passphrase twice, without showing it', async () => {
    const { stdout } = await runShell(
      `(printf 'typed in full\\r'; printf 'typed in full\\r') | script -qec '${moeCommand} wallet new typed' /dev/null`,
      { cwd, env: { MOE_URL } },
    );
    expect(stdout).toMatch(/New passphrase of typed: [\s\S]*The same again: [\s\S]*Wallet typed: 0x/);
    expect(stdout).not.toMatch(/(typed|again): .*typed in full/);
    const opened = await moe(['wallet', 'export', 'typed', '-o', 'typed.json'], {
      env: { MOE_PASSPHRASE: 'typed in full' },
    });
    expect(opened.code).toBe(0);
  });
});
