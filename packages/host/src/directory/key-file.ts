import { chmodSync } from 'node:fs';
import {
  fromHex,
  generateKeyPair,
  generateOwnerKey,
  type KeyPair,
  keyPairFromSeed,
  MoeError,
  messageOf,
  type OwnerKey,
  ownerKeyFromPrivate,
  toHex,
} from '@market-of-experts/core';
import { damagedFile, readSealedJson, writeSealedJson } from '@market-of-experts/core/files';
import { z } from 'zod';

const secretsSchema = z.record(z.string().max(256), z.string().regex(/^[0-9a-f]{64}$/));
/** Private halves by name, 64 hex digits: of owners (secp256k1) and of nodes (ed25519). */
const schema = z.strictObject({ owners: secretsSchema, nodes: secretsSchema });
type Secrets = z.infer<typeof schema>;
type Kind = keyof Secrets;

export type KeyNames = { readonly [Name in Kind]: readonly string[] };

/**
 * Named keys of one data directory, in a file with mode 0600 and unencrypted: the house uses them unattended. Further
 * keys are made when first asked for.
 */
export interface KeyFile {
  owner(name: string): OwnerKey;
  node(name: string): KeyPair;
}

export interface KeyFileInit {
  readonly path: string;
  /** Keys that own the ledger's money: made once, all together, before there is a ledger. */
  readonly names: KeyNames;
  /** Whether there is a ledger already, which only its old keys can use. */
  readonly hasLedger: boolean;
}

/**
 * Throws `keys-unreadable` or `keys-missing` when the file is damaged, gone or incomplete beside a ledger: the
 * keys own money, so they are never replaced silently.
 */
export function openKeyFile({ path, names, hasLedger }: KeyFileInit): KeyFile {
  const found = readSecrets(path);
  const secrets: Secrets = found ?? { owners: {}, nodes: {} };
  const missing = (['owners', 'nodes'] as const).flatMap((kind) =>
    names[kind].filter((name) => !(name in secrets[kind])).map((name) => ({ kind, name })),
  );
  if (hasLedger && missing.length > 0)
    throw new MoeError(
      'keys-missing',
      `${found !== undefined ? `The key file ${path} lacks ${missing.map(({ name }) => name).join(', ')}` : `The key file ${path} is gone`}, but there is a ledger that its keys own. Restore the file from a backup, or choose another data directory.`,
      { metadata: { path, missing: missing.map(({ name }) => name) } },
    );
  for (const { kind, name } of missing) secrets[kind][name] = newSecret[kind]();
  if (missing.length > 0) writeSealedJson(path, secrets);

  /** The secret of that name, made and kept first if there is none. */
  const secretOf = (kind: Kind, name: string): Uint8Array => {
    if (!(name in secrets[kind])) {
      const made = newSecret[kind]();
      // Kept before it is used: money must never belong to a key that a full disk did not take.
      writeSealedJson(path, { ...secrets, [kind]: { ...secrets[kind], [name]: made } });
      secrets[kind][name] = made;
    }
    return fromHex(secrets[kind][name]!);
  };
  return {
    owner: remembered((name) => ownerKeyFromPrivate(secretOf('owners', name))),
    node: remembered((name) => keyPairFromSeed(secretOf('nodes', name))),
  };
}

const newSecret: { readonly [Name in Kind]: () => string } = {
  owners: () => toHex(generateOwnerKey().privateKey),
  nodes: () => toHex(generateKeyPair().seed),
};

function remembered<Key>(open: (name: string) => Key): (name: string) => Key {
  const known = new Map<string, Key>();
  return (name) => {
    const key = known.get(name) ?? open(name);
    known.set(name, key);
    return key;
  };
}

function readSecrets(path: string): Secrets | undefined {
  const damaged = (cause: MoeError): MoeError =>
    new MoeError(
      'keys-unreadable',
      `The key file ${path} is damaged. Restore it from a backup: its keys own the accounts of this data directory. To begin anew, choose another data directory.`,
      { metadata: { path }, cause },
    );
  const secrets = readSealedJson(path, schema, damaged);
  try {
    if (secrets !== undefined) chmodSync(path, 0o600);
  } catch (error) {
    throw damaged(damagedFile(path, messageOf(error), error));
  }
  return secrets;
}
