import { join } from 'node:path';
import {
  fromHex,
  type KeyPair,
  keyPairFromSeed,
  MoeError,
  type OwnerKey,
  ownerKeyFromPrivate,
} from '@market-of-experts/core';
import { readSealedJson } from '@market-of-experts/core/files';
import { z } from 'zod';
import { dataDirectory } from '../connection/connection.ts';

const secretsSchema = z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/));
const schema = z.object({ owners: secretsSchema, nodes: secretsSchema });

/** Keys that `moe up` keeps for the house, unencrypted, in its data directory. Read only. */
function readHouseKeys(data: string | undefined): z.infer<typeof schema> | undefined {
  const path = join(dataDirectory(data), 'keys.json');
  const damaged = (cause: MoeError): MoeError =>
    new MoeError(
      'keys-unreadable',
      `${path} is damaged, or not readable as the keys of a market. Restore it from a backup.`,
      { cause },
    );
  return readSealedJson(path, schema, damaged);
}

/** Names of the house's owners: treasury, market-owner and so on. Empty where no market was founded. */
export function houseKeyNames(data: string | undefined): readonly string[] {
  return Object.keys(readHouseKeys(data)?.owners ?? {});
}

export function houseOwner(data: string | undefined, name: string): OwnerKey | undefined {
  const secret = own(readHouseKeys(data)?.owners, name);
  return secret === undefined ? undefined : ownerKeyFromPrivate(fromHex(secret));
}

export function houseNode(data: string | undefined, name: string): KeyPair | undefined {
  const secret = own(readHouseKeys(data)?.nodes, name);
  return secret === undefined ? undefined : keyPairFromSeed(fromHex(secret));
}

function own(secrets: Readonly<Record<string, string>> | undefined, name: string): string | undefined {
  return secrets !== undefined && Object.hasOwn(secrets, name) ? secrets[name] : undefined;
}
