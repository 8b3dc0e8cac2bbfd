import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, sha256, toHex } from '../../src/codec.ts';
import { nativeEngine } from '../../src/owner/native-engine.ts';
import { wasmEngine } from '../../src/owner/wasm-engine.ts';

const native = await nativeEngine();
const wasm = await wasmEngine();
const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const word = (value: bigint) => fromHex(value.toString(16).padStart(64, '0'));
const secrets = fc.bigInt(1n, order - 1n).map(word);
const digests = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('the curve in WebAssembly', () => {
  it('signs deterministically (RFC 6979), in the lower half, and recovers the key', () => {
    // The widely used vector for secp256k1 with SHA-256: key 1, "Satoshi Nakamoto".
    const digest = sha256(Buffer.from('Satoshi Nakamoto'));
    expect(toHex(wasm.sign(word(1n), digest).rs)).toBe(
      '934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d82442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5',
    );
    fc.assert(
      fc.property(secrets, digests, (secret, of) => {
        const { rs, parity } = wasm.sign(secret, of);
        expect(BigInt(`0x${toHex(rs.subarray(32))}`)).toBeLessThanOrEqual(order / 2n);
        expect(wasm.recover(of, rs, parity)).toEqual(wasm.publicKeyOf(secret));
      }),
      { numRuns: 30 },
    );
  });
});

describe.skipIf(native === undefined)('the curve in machine code', () => {
  it('gives what the one in WebAssembly gives', () => {
    fc.assert(
      fc.property(secrets, digests, (secret, digest) => {
        const signed = wasm.sign(secret, digest);
        expect(native!.sign(secret, digest)).toEqual(signed);
        expect(native!.publicKeyOf(secret)).toEqual(wasm.publicKeyOf(secret));
        expect(native!.recover(digest, signed.rs, signed.parity)).toEqual(wasm.publicKeyOf(secret));
      }),
      { numRuns: 50 },
    );
  });

  it('refuses and takes the same signatures and keys, however odd', () => {
    const edges = [0n, 1n, 2n, order / 2n, order - 1n, order, order + 1n, 2n ** 256n - 1n].map(word);
    const words = fc.oneof(fc.constantFrom(...edges), digests);
    fc.assert(
      fc.property(words, words, words, fc.constantFrom(0, 1), (digest, r, s, parity) => {
        const rs = Uint8Array.from([...r, ...s]);
        expect(native!.recover(digest, rs, parity)).toEqual(wasm.recover(digest, rs, parity));
        expect(native!.isPrivateKey(r)).toBe(wasm.isPrivateKey(r));
      }),
      { numRuns: 300 },
    );
  });
});
