import { inspect } from 'node:util';
import { verifyTypedData as ethersRecovers, Wallet } from 'ethers';
import fc from 'fast-check';
import { recoverTypedDataAddress } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import { encode, fromHex, sha256, toHex } from '../../src/codec.ts';
import { accountIdSchema } from '../../src/ids.ts';
import { generateKeyPair } from '../../src/keys.ts';
import { addressBytes, formatAccount, parseAccount } from '../../src/owner/address.ts';
import { generateOwnerKey, ownerKeyFromPrivate, signTypedData } from '../../src/owner/owner-key.ts';
import type { TypedData } from '../../src/owner/typed-data.ts';
import {
  recoverTypedData,
  verifyTypedData,
  verifyTypedDataAsync,
} from '../../src/owner/verify-typed-data.ts';
import { setSignatureMemo } from '../../src/signature-memo.ts';
import { signBody, verifyBody, verifyBodyAsync } from '../../src/signing/signed.ts';

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const word = (value: bigint) => fromHex(value.toString(16).padStart(64, '0'));
const data: TypedData = {
  domain: { name: 'Market of Experts', version: '1' },
  types: {
    Transfer: [
      { name: 'to', type: 'address' },
      { name: 'amountMicro', type: 'uint256' },
    ],
  },
  primaryType: 'Transfer',
  message: { to: `0x${'12'.repeat(20)}`, amountMicro: 5_000_000n },
};

describe('accounts', () => {
  it('have the address that Ethereum gives the key (EIP-55 tests, and the key of EIP-712)', () => {
    const cow = ownerKeyFromPrivate(
      fromHex('c85ef7d79691fe79573b1a7064c19c1a9819ebdbd1faaab1a8ec92344438aaf4'),
    );
    expect(formatAccount(cow.address)).toBe('0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826');
    for (const address of [
      '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
      '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
      '0x52908400098527886E0F7030069857D2E4169EE7',
      '0xde709f2102306220921060314715629080e2fb77',
    ]) {
      expect(formatAccount(parseAccount(address))).toBe(address);
      expect(parseAccount(`0x${address.slice(2).toUpperCase()}`)).toBe(address.toLowerCase());
      expect(toHex(addressBytes(parseAccount(address)))).toBe(address.slice(2).toLowerCase());
    }
  });

  it('that were mistyped are refused with a sentence', () => {
    expect(() => parseAccount('0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD')).toThrow(/checksum/);
    for (const text of ['', '0x12', '5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed', `0x${'g'.repeat(40)}`, 'bob'])
      expect(() => parseAccount(text)).toThrow(/is not an account/);
  });

  it('have one spelling in state and on the wire', () => {
    const { address } = generateOwnerKey();
    expect(accountIdSchema.parse(address)).toBe(address);
    for (const wrong of [
      address.slice(2),
      `0X${address.slice(2)}`,
      `${address}0`,
      `0x${'A'.repeat(40)}`,
      'f'.repeat(64),
    ])
      expect(accountIdSchema.safeParse(wrong).success).toBe(false);
  });

  it('need a private key from 1 to the order less 1', () => {
    expect(ownerKeyFromPrivate(word(1n)).address).toBe('0x7e5f4552091a69125d5dfcb7b8c2659029395bdf');
    expect(ownerKeyFromPrivate(word(order - 1n)).address).toHaveLength(42);
    for (const wrong of [
      word(0n),
      word(order),
      word(2n ** 256n - 1n),
      new Uint8Array(31).fill(1),
      new Uint8Array(33).fill(1),
    ])
      expect(() => ownerKeyFromPrivate(wrong)).toThrow(/not a private key/);
  });

  it('a printed or serialised key does not show its private half', () => {
    const key = generateOwnerKey();
    for (const text of [inspect(key, { depth: 9 }), JSON.stringify(key), `${Object.entries(key)}`]) {
      expect(text).toContain(key.address);
      expect(text).not.toContain(toHex(key.privateKey));
      expect(text).not.toContain([...key.privateKey].slice(0, 6).join(', '));
    }
    expect(Object.keys({ ...key })).toEqual(['address']);
  });
});

describe('signatures of owners', () => {
  it('are those of ethers and viem, which take ours', async () => {
    for (let index = 0; index < 20; index += 1) {
      const key = ownerKeyFromPrivate(sha256(Buffer.from(`wallet ${index}`)));
      const secret = `0x${toHex(key.privateKey)}` as const;
      const message = { ...data.message, amountMicro: BigInt(index) };
      const signature = signTypedData(key, { ...data, message });
      const hex = `0x${toHex(signature)}` as const;
      expect(await new Wallet(secret).signTypedData(data.domain as never, data.types as never, message)).toBe(
        hex,
      );
      expect(await privateKeyToAccount(secret).signTypedData({ ...data, message } as never)).toBe(hex);
      expect(ethersRecovers(data.domain as never, data.types as never, message, hex)).toBe(
        formatAccount(key.address),
      );
      expect(await recoverTypedDataAddress({ ...data, message, signature: hex } as never)).toBe(
        formatAccount(key.address),
      );
      expect(recoverTypedData({ ...data, message }, signature)).toBe(key.address);
    }
  });

  it('with a changed bit are refused, checked before or not', async () => {
    const key = generateOwnerKey();
    const signature = signTypedData(key, data);
    expect(verifyTypedData(key.address, data, signature)).toBe(true);
    for (let bit = 0; bit < 8 * 65; bit += 13) {
      const wrong = Uint8Array.from(signature);
      wrong[bit >> 3]! ^= 1 << (bit & 7);
      expect(verifyTypedData(key.address, data, wrong)).toBe(false);
      expect(await verifyTypedDataAsync(key.address, data, wrong)).toBe(false);
    }
    const other = { ...data, message: { ...data.message, amountMicro: 5_000_001n } };
    expect(verifyTypedData(key.address, other, signature)).toBe(false);
    expect(verifyTypedData(generateOwnerKey().address, data, signature)).toBe(false);
    expect(
      verifyTypedData(key.address, { ...data, domain: { ...data.domain, version: '2' } }, signature),
    ).toBe(false);
  });

  it('have one form: the one with the high s, which every wallet library recovers too, is refused', () => {
    const key = generateOwnerKey();
    const signature = signTypedData(key, data);
    const twin = Uint8Array.from(signature);
    const s = BigInt(`0x${toHex(signature.subarray(32, 64))}`);
    twin.set(word(order - s), 32);
    twin[64] = signature[64] === 27 ? 28 : 27;
    expect(verifyTypedData(key.address, data, twin)).toBe(false);
    for (const v of [0, 1, 29, 31, 255]) {
      const other = Uint8Array.from(signature);
      other[64] = v;
      expect(verifyTypedData(key.address, data, other)).toBe(false);
    }
    for (const length of [0, 64, 66])
      expect(verifyTypedData(key.address, data, new Uint8Array(length))).toBe(false);
    for (const [r, sOf] of [
      [0n, s],
      [order, s],
      [s, 0n],
    ] as const) {
      const out = Uint8Array.from([...word(r), ...word(sOf), 27]);
      expect(recoverTypedData(data, out)).toBeUndefined();
    }
  });

  it('never throw when they are checked, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string(),
        fc.uint8Array({ minLength: 60, maxLength: 70 }),
        async (by, signature) => {
          expect(verifyTypedData(by, data, signature)).toBe(false);
          expect(await verifyTypedDataAsync(by, data, signature)).toBe(false);
          expect(verifyBody('moe/test/1', { body: 1, by, signature })).toBe(false);
        },
      ),
    );
  });

  it('many at once are checked beside other work, each with its own answer', async () => {
    setSignatureMemo(false);
    try {
      const keys = [generateOwnerKey(), generateOwnerKey()] as const;
      const signed = Array.from({ length: 150 }, (_, index) =>
        signBody(keys[index % 2]!, 'moe/test/1', index),
      );
      let turns = 0;
      const counting = setInterval(() => {
        turns += 1;
      }, 1);
      const answers = await Promise.all(
        signed.map((one, index) =>
          verifyBodyAsync(
            'moe/test/1',
            index % 3 === 0 ? { ...one, by: keys[(index + 1) % 2]!.address } : one,
          ),
        ),
      );
      clearInterval(counting);
      expect(answers).toEqual(signed.map((_, index) => index % 3 !== 0));
      expect(turns).toBeGreaterThan(1);
    } finally {
      setSignatureMemo(true);
    }
  });
});

describe('bodies signed by an owner', () => {
  it('are shown in a wallet as a statement, and a wallet can sign them', async () => {
    const key = generateOwnerKey();
    const body = { amount: 5n };
    const statement = {
      domain: { name: 'Market of Experts', version: '1' },
      types: {
        Statement: [
          { name: 'purpose', type: 'string' },
          { name: 'content', type: 'bytes32' },
        ],
      },
      message: { purpose: 'moe/test/1', content: `0x${toHex(sha256(encode(['moe/test/1', body])))}` },
    };
    const hex = await new Wallet(`0x${toHex(key.privateKey)}`).signTypedData(
      statement.domain,
      statement.types,
      statement.message,
    );
    const signed = { body, by: key.address, signature: fromHex(hex.slice(2)) };
    expect(verifyBody('moe/test/1', signed)).toBe(true);
    expect(signBody(key, 'moe/test/1', body)).toEqual(signed);
  });

  it('mean nothing in another domain, with another body or by another author', async () => {
    const key = generateOwnerKey();
    const signed = signBody(key, 'moe/test/1', { amount: 5n });
    expect(signed.by).toBe(key.address);
    expect(await verifyBodyAsync('moe/test/1', signed)).toBe(true);
    for (const by of [
      generateOwnerKey().address,
      generateKeyPair().publicKey,
      formatAccount(key.address),
      '',
    ])
      expect(verifyBody('moe/test/1', { ...signed, by })).toBe(false);
    expect(verifyBody('moe/test/2', signed)).toBe(false);
    expect(verifyBody('moe/test/1', { ...signed, body: { amount: 6n } })).toBe(false);
    expect(await verifyBodyAsync('moe/test/1', { ...signed, body: { amount: 6n } })).toBe(false);
  });
});
