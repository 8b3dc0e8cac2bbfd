import { existsSync, readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { MoeError, textOf } from '@market-of-experts/core';
import { usageError } from '../terminal/exit-codes.ts';

export interface ConnectionOptions {
  readonly url?: string;
  readonly key?: string;
  readonly data?: string;
}

/** Where a market answers and how we pay. */
export interface Connection {
  /** Without a slash at the end. */
  readonly url: string;
  readonly apiKey: string | undefined;
}

const defaultUrl = 'http://127.0.0.1:8787';
const maxKeyLength = 512;

/** Data directory of the market on this machine: `--data`, MOE_HOME, `./.moe`. */
export function dataDirectory(option: string | undefined): string {
  return option ?? (process.env.MOE_HOME || '.moe');
}

/**
 * Reads the options and the environment. The key in the data directory is the local market's: it is used for
 * an address of this machine only, so that `--url` cannot carry it elsewhere.
 */
export function readConnection(options: ConnectionOptions): Connection {
  const given = options.url ?? (process.env.MOE_URL || runningAt(dataDirectory(options.data)) || defaultUrl);
  const url = URL.parse(given);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw usageError(`"${given}" is not an address of a market. Write it like ${defaultUrl}.`);
  if (url.username !== '' || url.password !== '')
    throw usageError('Leave user and password out of --url; the key goes into --key or MOE_API_KEY.');
  const key = options.key ?? (process.env.MOE_API_KEY || undefined);
  if (key !== undefined && !isKey(key))
    throw usageError('The API key has spaces or is too long. Copy it again from `moe up`.');
  return {
    url: `${url.origin}${url.pathname.replace(/\/+$/, '')}`,
    apiKey: key ?? (isThisMachine(url.hostname) ? keyOf(dataDirectory(options.data)) : undefined),
  };
}

/** File in the data directory that holds the address of the market while it runs. */
export function addressFile(directory: string): string {
  return join(directory, 'address');
}

/** Where the market of the data directory runs, if it does: so that another port need not be said twice. */
function runningAt(directory: string): string | undefined {
  const path = addressFile(directory);
  if (!existsSync(path) || statSync(path).size > maxKeyLength) return undefined;
  const address = URL.parse(textOf(readFileSync(path)).trim());
  // Only a market of this machine writes there.
  return address !== null && isThisMachine(address.hostname) ? address.origin : undefined;
}

function keyOf(directory: string): string | undefined {
  const path = join(directory, 'api-key');
  if (!existsSync(path)) return undefined;
  if (statSync(path).size > maxKeyLength)
    throw new MoeError(
      'invalid-key-file',
      `${path} is too long for an API key. Delete it and start \`moe up\` once.`,
    );
  const key = textOf(readFileSync(path)).trim();
  return isKey(key) ? key : undefined;
}

function isKey(text: string): boolean {
  return /^\S+$/.test(text) && text.length <= maxKeyLength;
}

function isThisMachine(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
