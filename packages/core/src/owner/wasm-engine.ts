// The deep path leaves out the rest of a large library, which would cost every start 100 ms.
import { instantiateSecp256k1 } from '@bitauth/libauth/build/lib/crypto/secp256k1.js';
import type { CurveEngine } from './curve-engine.ts';

/** libsecp256k1 as WebAssembly: runs wherever Node runs. */
export async function wasmEngine(): Promise<CurveEngine> {
  // The seed blinds what is done with private keys.
  const curve = await instantiateSecp256k1(crypto.getRandomValues(new Uint8Array(32)));
  return {
    name: 'wasm',
    isPrivateKey: (bytes) => curve.validatePrivateKey(bytes),
    publicKeyOf: (privateKey) => expectValue(curve.derivePublicKeyUncompressed(privateKey)),
    sign: (privateKey, digest) => {
      const { signature, recoveryId } = expectValue(
        curve.signMessageHashRecoverableCompact(privateKey, digest),
      );
      return { rs: signature, parity: recoveryId };
    },
    recover: (digest, rs, parity) => {
      const recovered = curve.recoverPublicKeyUncompressed(rs, parity as 0 | 1, digest);
      return typeof recovered === 'string' ? undefined : recovered;
    },
  };
}

/** The library answers with a sentence what it cannot do; with a valid key there is nothing. */
function expectValue<Value>(result: Value | string): Value {
  if (typeof result === 'string') throw new Error(result);
  return result;
}
