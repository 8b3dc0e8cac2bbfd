import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AccountId } from '@moe/core';

/** The data directory's API key: made once, kept with mode 0600, looked up by hash. */
export function openApiKey(
  dataDir: string,
  account: AccountId,
): { readonly apiKey: string; readonly authenticate: (key: string) => AccountId | undefined } {
  const path = join(dataDir, 'api-key');
  if (!existsSync(path)) {
    writeFileSync(`${path}.new`, `moe-${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  chmodSync(path, 0o600);
  const apiKey = readFileSync(path, 'utf8').trim();
  const digest = (key: string): string => createHash('sha256').update(key).digest('hex');
  // The table is asked with a digest: how long a look-up takes tells nothing about the key.
  const accounts = new Map([[digest(apiKey), account]]);
  return { apiKey, authenticate: (key) => accounts.get(digest(key)) };
}
