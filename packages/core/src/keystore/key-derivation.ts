import { pbkdf2, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { scrypt as scryptAnywhere } from 'hash-wasm';
import { fromHex } from '../codec.ts';
import { KEYSTORE_LIMITS, type Keystore } from './keystore-format.ts';

type Derivation =
  | Pick<Extract<Keystore['crypto'], { kdf: 'scrypt' }>, 'kdf' | 'kdfparams'>
  | Pick<Extract<Keystore['crypto'], { kdf: 'pbkdf2' }>, 'kdf' | 'kdfparams'>;

/** 32 bytes from a passphrase: the key of the cipher (16) and of the MAC (16). On the thread pool. */
export async function deriveKey(passphrase: string, derivation: Derivation): Promise<Buffer> {
  const salt = fromHex(derivation.kdfparams.salt);
  if (derivation.kdf === 'pbkdf2')
    return promisify(pbkdf2)(passphrase, salt, derivation.kdfparams.c, 32, 'sha256');
  const { n, r, p } = derivation.kdfparams;
  // RFC 7914 asks for n < 2^(16r) and OpenSSL insists; wallets exist, the standard's own example among them, that do not.
  if (n >= 2 ** (16 * r))
    return Buffer.from(
      await scryptAnywhere({
        password: passphrase,
        salt,
        costFactor: n,
        blockSize: r,
        parallelism: p,
        hashLength: 32,
        outputType: 'binary',
      }),
    );
  const maxmem = KEYSTORE_LIMITS.scryptBytes + 128 * r * (p + 8);
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, 32, { N: n, r, p, maxmem }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
