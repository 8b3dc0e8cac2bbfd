import { hash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AccountId, MoeError, textOf } from '@moe/core';
import { writeDurably } from './durable-file.ts';

/**
 * The data directory's API key: made once, kept with mode 0600, looked up by hash. Throws `api-key-unreadable`:
 * an empty file must not become a key that everybody has.
 */
export function openApiKey(
  dataDir: string,
  account: AccountId,
): { readonly apiKey: string; readonly authenticate: (key: string) => AccountId | undefined } {
  const path = join(dataDir, 'api-key');
  if (!existsSync(path)) writeDurably(path, `moe-${randomBytes(24).toString('base64url')}\n`);
  chmodSync(path, 0o600);
  const apiKey = textOf(readFileSync(path)).trim();
  if (!/^[\x21-\x7e]{16,512}$/.test(apiKey))
    throw new MoeError(
      'api-key-unreadable',
      `The file ${path} holds no API key (16 to 512 visible characters). Delete it and start again: a new key is made, and no money is touched.`,
    );
  const digest = (key: string): string => hash('sha256', key, 'hex');
  // The table is asked with a digest: how long a look-up takes tells nothing about the key.
  const accounts = new Map([[digest(apiKey), account]]);
  return { apiKey, authenticate: (key) => accounts.get(digest(key)) };
}
