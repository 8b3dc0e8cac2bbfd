import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { hashBytes, isMoeError, messageOf, textOf } from '@moe/core';
import { damagedFile, readIfThere, readSealedJson } from '@moe/core/files';
import { examineHistory, parsePlaces } from '@moe/history';
import { examineSnapshots, examineStore, lockDirectory } from '@moe/ledger';
import { z } from 'zod';
import { examineStandings } from '../market/standings-file.ts';
import { isApiKey } from './api-key.ts';
import { founderKeyNames } from './bootstrap.ts';
import { assertDataFormat } from './data-format.ts';
import { openKeyFile } from './key-file.ts';
import { readValidatorMemory } from './validator-file.ts';

/**
 * What helps where something is damaged: nothing is to be done, since the next start makes it again; it can be set aside
 * (`repair`) and is then made again, wholly or in time; or only a backup has what is lost.
 */
export type Remedy = 'next-start' | 'repair' | 'backup';

/** One file or folder of a data directory, by its path in it. */
export interface Finding {
  readonly path: string;
  /** Undefined where all is well. */
  readonly damage?: { readonly why: string; readonly remedy: Remedy; readonly setAsideIn?: string };
}

interface Examined {
  readonly path: string;
  readonly remedy: Remedy;
  readonly examine: (path: string) => void | Promise<void>;
}

/**
 * Looks at every file that decides something in a data directory that no market uses, and changes nothing unless
 * `hasRepair`: then what can be made again is moved to a folder `set-aside`, from where it can be brought back. Throws
 * `data-directory-in-use`, `data-directory-unusable`.
 */
export async function examineDataDirectory(
  dataDir: string,
  options: { readonly hasRepair: boolean; readonly nowMs: number },
): Promise<readonly Finding[]> {
  const lock = lockDirectory(dataDir);
  try {
    const findings: Finding[] = [];
    for (const examined of examinedIn(dataDir)) {
      const path = relative(dataDir, examined.path);
      const why = await damageOf(examined);
      if (why === undefined) findings.push({ path });
      else {
        const isMoved = options.hasRepair && examined.remedy !== 'backup';
        const setAsideIn = isMoved ? setAside(dataDir, examined.path, options.nowMs) : undefined;
        findings.push({
          path,
          damage: { why, remedy: examined.remedy, ...(setAsideIn === undefined ? {} : { setAsideIn }) },
        });
      }
    }
    return findings;
  } finally {
    lock.release();
  }
}

async function damageOf({ path, examine }: Examined): Promise<string | undefined> {
  try {
    await examine(path);
    return undefined;
  } catch (error) {
    if (isMoeError(error)) return error.message;
    return `It cannot be read: ${messageOf(error)}.`;
  }
}

function setAside(dataDir: string, path: string, nowMs: number): string {
  const folder = `set-aside/${new Date(nowMs).toISOString().replaceAll(':', '-')}`;
  const to = join(dataDir, folder, relative(dataDir, path));
  mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
  renameSync(path, to);
  return folder;
}

function examinedIn(dataDir: string): Examined[] {
  const at = (...names: string[]): string => join(dataDir, ...names);
  const markets = listed(at('markets')).map((id) => at('markets', id));
  const keyFile = (path: string): void => void openKeyFile({ path, names: founderKeyNames, hasLedger: true });
  const fixed: Examined[] = [
    { path: at('format'), remedy: 'backup', examine: () => assertDataFormat(dataDir, true) },
    { path: at('keys.json'), remedy: 'backup', examine: keyFile },
    { path: at('api-key'), remedy: 'repair', examine: examineApiKey },
    ...storesIn(dataDir).map((path): Examined => ({ path, remedy: 'backup', examine: examineStore })),
    { path: at('ledger', 'snapshots'), remedy: 'next-start', examine: examineSnapshotsOf },
    {
      path: at('calibration', 'index.json'),
      remedy: 'repair',
      examine: (path) => void readSealedJson(path, z.looseObject({})),
    },
    ...listed(at('calibration'))
      .filter((name) => name.endsWith('.bin'))
      .map(
        (name): Examined => ({ path: at('calibration', name), remedy: 'next-start', examine: examineBlob }),
      ),
  ];
  return [...fixed, ...[dataDir, ...markets].flatMap(examinedOfMarket)].filter(({ path }) =>
    existsSync(path),
  );
}

function examinedOfMarket(directory: string): Examined[] {
  const memories = listed(directory).filter((name) => /^validator.*\.json$/.test(name));
  return [
    { path: join(directory, 'standings.cbor'), remedy: 'next-start', examine: examineStandings },
    {
      path: join(directory, 'places', 'places.json'),
      remedy: 'next-start',
      examine: (path) => void parsePlaces(textOf(readIfThere(path)!)),
    },
    { path: join(directory, 'history'), remedy: 'repair', examine: examineHistory },
    ...memories.map(
      (name): Examined => ({
        path: join(directory, name),
        remedy: 'repair',
        examine: (path) => void readValidatorMemory(path),
      }),
    ),
  ];
}

/** Folders that hold a store, whoever keeps it. */
function storesIn(directory: string, depth = 0): string[] {
  if (existsSync(join(directory, 'store', 'data.mdb'))) return [directory];
  if (depth > 3) return [];
  return listed(directory)
    .filter((name) => name !== 'set-aside' && name !== 'models')
    .flatMap((name) => storesIn(join(directory, name), depth + 1));
}

function listed(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

function examineApiKey(path: string): void {
  if (!isApiKey(readIfThere(path)!.toString('latin1').trim()))
    throw damagedFile(path, 'it holds no API key of this market');
}

async function examineSnapshotsOf(path: string): Promise<void> {
  const unusable = await examineSnapshots(dirname(path));
  if (unusable.length > 0) throw damagedFile(path, unusable.join(' '));
}

function examineBlob(path: string): void {
  if (hashBytes(readIfThere(path)!) !== basename(path, '.bin'))
    throw damagedFile(path, 'its content does not have the hash that it is named after');
}
