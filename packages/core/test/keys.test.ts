import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encode, fromHex, toHex } from '../src/codec.ts';
import { generateKeyPair, keyPairFromSeed, verifySignature, verifySignatureAsync } from '../src/keys.ts';
import { signBody, verifyBody, verifyBodyAsync } from '../src/signing/signed.ts';

/** RFC 8032, section 7.1, tests 1 to 3: seed, public key, message, signature. */
const vectors = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
] as const;

describe('ed25519 (RFC 8032)', () => {
  it.each(vectors)(
    'signs and verifies the vector of seed %s',
    async (seed, publicKey, message, signature) => {
      const keys = keyPairFromSeed(fromHex(seed));
      expect(keys.publicKey).toBe(publicKey);
      expect(toHex(keys.sign(fromHex(message)))).toBe(signature);
      expect(verifySignature(publicKey, fromHex(message), fromHex(signature))).toBe(true);
      expect(await verifySignatureAsync(publicKey, fromHex(message), fromHex(signature))).toBe(true);
    },
  );

  it('refuses any changed bit of message or signature, checked before or not', async () => {
    const keys = generateKeyPair();
    const message = Buffer.from('a market of experts');
    const signature = keys.sign(message);
    for (let bit = 0; bit < 8 * 64; bit += 37) {
      const wrong = new Uint8Array(signature);
      wrong[bit >> 3]! ^= 1 << (bit & 7);
      expect(verifySignature(keys.publicKey, message, wrong)).toBe(false);
      expect(await verifySignatureAsync(keys.publicKey, message, wrong)).toBe(false);
    }
    expect(verifySignature(keys.publicKey, Buffer.from('another'), signature)).toBe(false);
    expect(verifySignature(generateKeyPair().publicKey, message, signature)).toBe(false);
  });

  it('is not misled by bytes that move from one field into the next', async () => {
    // What is remembered of valid signatures is a hash over key, signature and message.
    const keys = generateKeyPair();
    const message = Buffer.from('0123456789abcdef0123456789abcdef');
    const signature = keys.sign(message);
    const longer = Buffer.concat([signature, message.subarray(0, 8)]);
    expect(verifySignature(keys.publicKey, message.subarray(8), longer)).toBe(false);
    expect(await verifySignatureAsync(keys.publicKey, message.subarray(8), longer)).toBe(false);
    const shorter = keys.publicKey.slice(0, -1);
    const moved = Buffer.concat([Buffer.from(keys.publicKey.slice(-1)), signature]);
    expect(verifySignature(shorter, message, moved)).toBe(false);
  });

  it('never throws, whatever it is given', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string(),
        fc.uint8Array(),
        fc.uint8Array({ maxLength: 80 }),
        async (by, bytes, signature) => {
          expect(verifySignature(by, bytes, signature)).toBe(false);
          expect(await verifySignatureAsync(by, bytes, signature)).toBe(false);
        },
      ),
    );
    const { publicKey, sign } = generateKeyPair();
    const bytes = Buffer.from('x');
    // One key has one spelling.
    for (const alias of [publicKey.toUpperCase(), `${publicKey}zz`, `${publicKey}00`])
      if (alias !== publicKey) expect(verifySignature(alias, bytes, sign(bytes))).toBe(false);
  });
});

describe('signed bodies', () => {
  it('mean nothing in another domain, with another body or by another author', async () => {
    const keys = generateKeyPair();
    const signed = signBody(keys, 'moe/test/1', { amount: 5n });
    expect(verifyBody('moe/test/1', signed)).toBe(true);
    expect(verifyBody('moe/test/2', signed)).toBe(false);
    expect(verifyBody('moe/test/1', { ...signed, body: { amount: 6n } })).toBe(false);
    expect(verifyBody('moe/test/1', { ...signed, by: generateKeyPair().publicKey })).toBe(false);
    expect(await verifyBodyAsync('moe/test/2', signed)).toBe(false);
  });

  it('cannot be passed off as a signature of bare bytes of another domain', () => {
    const keys = generateKeyPair();
    const signed = signBody(keys, 'moe/outer/1', ['moe/inner/1', { pay: 1 }]);
    expect(
      verifyBody('moe/inner/1', { body: { pay: 1 }, by: keys.publicKey, signature: signed.signature }),
    ).toBe(false);
  });
});

it('a printed or serialised key pair does not show its seed', () => {
  const keys = generateKeyPair();
  const seed = toHex(keys.seed);
  const base64 = Buffer.from(keys.seed).toString('base64');
  for (const text of [
    inspect(keys, { depth: 9 }),
    JSON.stringify(keys),
    String(keys),
    `${Object.entries(keys)}`,
  ]) {
    expect(text).not.toContain(seed);
    expect(text).not.toContain(base64);
    expect(text).not.toContain([...keys.seed].slice(0, 6).join(', '));
  }
  expect(Object.keys({ ...keys })).not.toContain('seed');
  expect(() => encode(keys)).toThrow();
  expect(keyPairFromSeed(keys.seed).publicKey).toBe(keys.publicKey);
});
