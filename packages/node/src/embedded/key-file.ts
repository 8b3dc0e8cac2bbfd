import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  fromHex,
  generateKeyPair,
  type KeyPair,
  keyPairFromSeed,
  MoeError,
  messageOf,
  toHex,
} from '@moe/core';
import { z } from 'zod';

const schema = z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/));

/** Named keys of one data directory, in a file with mode 0600. Keys are made when first asked for. */
export interface KeyFile {
  get(name: string): KeyPair;
  has(name: string): boolean;
}

/** Throws `keys-unreadable` when the file is damaged: the keys own money, so it is never replaced silently. */
export function openKeyFile(path: string): KeyFile {
  let seeds: Record<string, string> = {};
  if (existsSync(path)) {
    try {
      seeds = schema.parse(JSON.parse(readFileSync(path, 'utf8')));
      chmodSync(path, 0o600);
    } catch (cause) {
      throw new MoeError(
        'keys-unreadable',
        `The key file ${path} cannot be read: ${messageOf(cause)}. Restore it from a backup; without it the accounts of this data directory are lost.`,
        { cause },
      );
    }
  }
  const pairs = new Map<string, KeyPair>();
  return {
    has: (name) => name in seeds,
    get(name) {
      let pair = pairs.get(name);
      if (pair === undefined) {
        const seed = seeds[name];
        pair = seed === undefined ? generateKeyPair() : keyPairFromSeed(fromHex(seed));
        if (seed === undefined) {
          seeds[name] = toHex(pair.seed);
          mkdirSync(dirname(path), { recursive: true });
          writeFileSync(`${path}.new`, JSON.stringify(seeds, null, 2), { mode: 0o600 });
          renameSync(`${path}.new`, path);
        }
        pairs.set(name, pair);
      }
      return pair;
    },
  };
}
