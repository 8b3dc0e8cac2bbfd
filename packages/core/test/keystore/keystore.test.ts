import { decryptKeystoreJson, encryptKeystoreJson } from 'ethers';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/codec.ts';
import { generateKeyPair } from '../../src/keys.ts';
import { decryptKeystore, encryptKeystore } from '../../src/keystore/keystore.ts';
import { formatKeystore, type Keystore, parseKeystore } from '../../src/keystore/keystore-format.ts';
import { ownerKeyFromHex } from '../../src/keystore/raw-key.ts';
import { formatAccount } from '../../src/owner/address.ts';
import { generateOwnerKey, ownerKeyFromPrivate } from '../../src/owner/owner-key.ts';

const light = { n: 1_024, r: 8, p: 1 };
const secret = '7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d';

/** Test vectors of the Web3 Secret Storage Definition; the passphrase is `testpassword`. */
const vectors = {
  pbkdf2: {
    crypto: {
      cipher: 'aes-128-ctr',
      cipherparams: { iv: '6087dab2f9fdbbfaddc31a909735c1e6' },
      ciphertext: '5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46',
      kdf: 'pbkdf2',
      kdfparams: {
        c: 262_144,
        dklen: 32,
        prf: 'hmac-sha256',
        salt: 'ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd',
      },
      mac: '517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2',
    },
    id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
    version: 3,
  },
  scrypt: {
    crypto: {
      cipher: 'aes-128-ctr',
      cipherparams: { iv: '83dbcc02d8ccb40e466191a123791e0e' },
      ciphertext: 'd172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c',
      kdf: 'scrypt',
      kdfparams: {
        dklen: 32,
        n: 262_144,
        r: 1,
        p: 8,
        salt: 'ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19',
      },
      mac: '2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097',
    },
    id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
    version: 3,
  },
};

describe('Web3 Secret Storage, version 3', () => {
  it.each(Object.entries(vectors))('opens the standard’s vector with %s', async (_, vector) => {
    const opened = await decryptKeystore(parseKeystore(JSON.stringify(vector)), 'testpassword');
    if (opened.kind !== 'owner') throw new Error('It is an owner’s.');
    expect(toHex(opened.key.privateKey)).toBe(secret);
    const { crypto, ...rest } = vector;
    const old = parseKeystore(JSON.stringify({ ...rest, Crypto: crypto }));
    expect((await decryptKeystore(old, 'testpassword')).key).toEqual(opened.key);
  });

  it.each(['passphrase', 'Schlüssel ﬁ ５', ' '])(
    'is read by ethers, and reads what ethers wrote (%j)',
    async (passphrase) => {
      const key = generateOwnerKey();
      const ours = formatKeystore(await encryptKeystore(key, passphrase, light));
      expect(await decryptKeystoreJson(ours, passphrase)).toMatchObject({
        address: formatAccount(key.address),
        privateKey: `0x${toHex(key.privateKey)}`,
      });
      const theirs = await encryptKeystoreJson(
        { address: formatAccount(key.address), privateKey: `0x${toHex(key.privateKey)}` },
        passphrase,
        { scrypt: { N: 1_024, r: 8, p: 1 } },
      );
      const opened = await decryptKeystore(parseKeystore(theirs), passphrase);
      expect(opened).toEqual({ kind: 'owner', key });
      expect(toHex((opened.key as typeof key).privateKey)).toBe(toHex(key.privateKey));
    },
  );

  it('keeps a node’s key in the same container', async () => {
    const key = generateKeyPair();
    const keystore = parseKeystore(formatKeystore(await encryptKeystore(key, 'p', light)));
    expect(keystore).toMatchObject({ moe: { kind: 'node', node: key.publicKey } });
    const opened = await decryptKeystore(keystore, 'p');
    expect(opened.kind).toBe('node');
    expect(toHex((opened.key as typeof key).seed)).toBe(toHex(key.seed));
    const other = generateKeyPair().publicKey as never;
    await expect(
      decryptKeystore({ ...keystore, moe: { kind: 'node', node: other } }, 'p'),
    ).rejects.toMatchObject({
      code: 'wrong-passphrase',
    });
  });

  it('is written with scrypt at its usual cost, and never twice with one salt', async () => {
    const key = generateOwnerKey();
    const keystore = await encryptKeystore(key, 'p');
    expect(keystore.crypto.kdfparams).toMatchObject({ n: 131_072, r: 8, p: 1, dklen: 32 });
    expect(await decryptKeystore(keystore, 'p')).toEqual({ kind: 'owner', key });
    const [one, two] = [await encryptKeystore(key, 'p', light), await encryptKeystore(key, 'p', light)];
    expect(one.crypto.kdfparams.salt).not.toBe(two.crypto.kdfparams.salt);
    expect(one.crypto.cipherparams.iv).not.toBe(two.crypto.cipherparams.iv);
    expect(formatKeystore(one)).not.toContain(toHex(key.privateKey));
  });

  it('says the same of a wrong passphrase and of any damage', async () => {
    const key = generateOwnerKey();
    const good = await encryptKeystore(key, 'right', light);
    const flip = (digits: string) => `${digits[0] === '0' ? '1' : '0'}${digits.slice(1)}`;
    const crypto = good.crypto as Extract<Keystore['crypto'], { kdf: 'scrypt' }>;
    const damaged: [Keystore, string][] = [
      [good, 'wrong'],
      [good, ''],
      [{ ...good, crypto: { ...crypto, mac: flip(crypto.mac) } }, 'right'],
      [{ ...good, crypto: { ...crypto, ciphertext: flip(crypto.ciphertext) } }, 'right'],
      [{ ...good, crypto: { ...crypto, cipherparams: { iv: flip(crypto.cipherparams.iv) } } }, 'right'],
      [{ ...good, crypto: { ...crypto, kdfparams: { ...crypto.kdfparams, n: 2_048 } } }, 'right'],
      [{ ...good, address: flip(good.address!) }, 'right'],
    ];
    const errors = await Promise.all(
      damaged.map(([keystore, passphrase]) => decryptKeystore(keystore, passphrase).catch((error) => error)),
    );
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'wrong-passphrase', message: errors[0].message });
      expect(JSON.stringify(error)).not.toContain(toHex(key.privateKey));
      expect(error.message).not.toMatch(/right|wrong"/);
    }
    await expect(encryptKeystore(key, '', light)).rejects.toMatchObject({ code: 'passphrase-empty' });
  });

  const changed = (path: string, value: unknown): string => {
    const copy = structuredClone(vectors.scrypt) as Record<string, unknown>;
    const steps = path.split('.');
    const at = steps.slice(0, -1).reduce((inner, step) => inner[step] as Record<string, unknown>, copy);
    at[steps.at(-1)!] = value;
    return JSON.stringify(copy);
  };
  it.each([
    ['no JSON', '{'],
    ['empty', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['far too long', `${' '.repeat(70_000)}{}`],
    ['of version 1', changed('version', 1)],
    ['with another cipher', changed('crypto.cipher', 'aes-128-cbc')],
    ['with another derivation', changed('crypto.kdf', 'argon2')],
    ['with n that is no power of 2', changed('crypto.kdfparams.n', 1_000)],
    ['with n that would take all memory', changed('crypto.kdfparams.n', 2 ** 30)],
    ['with n beyond 32 bits', changed('crypto.kdfparams.n', 2 ** 40)],
    ['with r that would take all memory', changed('crypto.kdfparams.r', 2 ** 20)],
    ['with p that would take hours', changed('crypto.kdfparams.p', 2 ** 20)],
    [
      'with p that would take minutes',
      changed('crypto.kdfparams', { ...vectors.scrypt.crypto.kdfparams, r: 8, p: 64 }),
    ],
    ['with negative p', changed('crypto.kdfparams.p', -1)],
    ['with a short key', changed('crypto.kdfparams.dklen', 16)],
    ['with a short ciphertext', changed('crypto.ciphertext', 'ab')],
    ['with a MAC that is no hex', changed('crypto.mac', 'z'.repeat(64))],
    ['with an address that is none', changed('address', 'bob')],
  ])('refuses a file that is %s, before any work', (_, text) => {
    expect(() => parseKeystore(text)).toThrow(expect.objectContaining({ code: 'wallet-unreadable' }));
  });
});

describe('a raw private key', () => {
  it('is taken as programs export it', () => {
    const { address } = ownerKeyFromPrivate(fromHex(secret));
    for (const text of [secret, `0x${secret}`, `  0X${secret.toUpperCase()}\r\n`])
      expect(ownerKeyFromHex(text).address).toBe(address);
  });

  it('that is none is refused without being shown', () => {
    for (const text of [
      '',
      secret.slice(1),
      `${secret}00`,
      `${secret} ${secret}`,
      `x${secret.slice(1)}`,
      '0'.repeat(64),
    ]) {
      const refuse = () => ownerKeyFromHex(text);
      expect(refuse).toThrow(expect.objectContaining({ code: 'invalid-private-key' }));
      expect(refuse).not.toThrow(secret.slice(1));
    }
  });
});
