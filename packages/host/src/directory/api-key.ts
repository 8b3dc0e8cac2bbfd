import { hash, randomBytes } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { type AccountId, MoeError } from '@market-of-experts/core';
import { readIfThere, writeDurably } from '@market-of-experts/core/files';

const keyForm = /^moe-[A-Za-z0-9_-]{32}([A-Za-z0-9_-]{6})$/;

/**
 * The data directory's API key: made once, kept with mode 0600, looked up by hash. Its last six characters are a checksum of
 * the others. Throws `api-key-unreadable`: neither an empty file nor a changed one must become a key.
 */
export function openApiKey(
  dataDir: string,
  account: AccountId,
): { readonly apiKey: string; readonly authenticate: (key: string) => AccountId | undefined } {
  const path = join(dataDir, 'api-key');
  const found = readIfThere(path);
  const apiKey = found === undefined ? newKey() : found.toString('latin1').trim();
  if (!isApiKey(apiKey))
    throw new MoeError(
      'api-key-unreadable',
      `The file ${path} is damaged: it holds no API key of this market. Delete it and start again: a new key is made, and no money is touched.`,
      { metadata: { path } },
    );
  if (found === undefined) writeDurably(path, `${apiKey}\n`);
  else chmodSync(path, 0o600);
  const digest = (key: string): string => hash('sha256', key, 'hex');
  // The table is asked with a digest: how long a look-up takes tells nothing about the key.
  const accounts = new Map([[digest(apiKey), account]]);
  return { apiKey, authenticate: (key) => accounts.get(digest(key)) };
}

/** Whether a key is as {@link openApiKey} makes them, every character of it. */
export function isApiKey(key: string): boolean {
  const checksum = keyForm.exec(key)?.[1];
  return checksum !== undefined && checksum === checksumOf(key.slice(0, -checksum.length));
}

function newKey(): string {
  const secret = `moe-${randomBytes(24).toString('base64url')}`;
  return `${secret}${checksumOf(secret)}`;
}

function checksumOf(secret: string): string {
  return hash('sha256', `moe/api-key/1/${secret}`, 'base64url').slice(0, 6);
}
