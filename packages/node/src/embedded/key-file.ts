import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { fromHex, generateKeyPair, type KeyPair, keyPairFromSeed, MoeError, toHex } from '@moe/core';
import { z } from 'zod';
import { writeDurably } from './durable-file.ts';

const schema = z.record(z.string().max(128), z.string().regex(/^[0-9a-f]{64}$/));

/** Named keys of one data directory, in a file with mode 0600. Further keys are made when first asked for. */
export interface KeyFile {
  get(name: string): KeyPair;
}

export interface KeyFileInit {
  readonly path: string;
  /** Keys that own the ledger's money: made once, all together, before there is a ledger. */
  readonly names: readonly string[];
  /** Whether there is a ledger already, which only its old keys can use. */
  readonly hasLedger: boolean;
}

/**
 * Throws `keys-unreadable` or `keys-missing` when the file is damaged, gone or incomplete beside a ledger: the
 * keys own money, so they are never replaced silently.
 */
export function openKeyFile({ path, names, hasLedger }: KeyFileInit): KeyFile {
  const seeds = existsSync(path) ? readSeeds(path) : {};
  const missing = names.filter((name) => !(name in seeds));
  if (hasLedger && missing.length > 0)
    throw new MoeError(
      'keys-missing',
      `${existsSync(path) ? `The key file ${path} lacks ${missing.join(', ')}` : `The key file ${path} is gone`}, but there is a ledger that its keys own. Restore the file from a backup, or choose another data directory.`,
      { metadata: { path, missing } },
    );
  const pairs = new Map<string, KeyPair>();
  const save = (): void => writeDurably(path, `${JSON.stringify(seeds, null, 2)}\n`);
  const make = (name: string): KeyPair => {
    const pair = generateKeyPair();
    seeds[name] = toHex(pair.seed);
    pairs.set(name, pair);
    return pair;
  };
  if (missing.length > 0) {
    missing.forEach(make);
    save();
  }
  return {
    get(name) {
      const known = pairs.get(name);
      if (known !== undefined) return known;
      const seed = seeds[name];
      if (seed !== undefined) {
        const pair = keyPairFromSeed(fromHex(seed));
        pairs.set(name, pair);
        return pair;
      }
      const made = make(name);
      save();
      return made;
    },
  };
}

function readSeeds(path: string): Record<string, string> {
  try {
    const seeds = schema.parse(JSON.parse(readFileSync(path, 'utf8')));
    chmodSync(path, 0o600);
    return seeds;
  } catch (cause) {
    throw new MoeError(
      'keys-unreadable',
      `The key file ${path} is damaged. Restore it from a backup: its keys own the accounts of this data directory. To begin anew, choose another data directory.`,
      { cause },
    );
  }
}
