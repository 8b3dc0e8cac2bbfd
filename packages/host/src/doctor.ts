import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { isMoeError, messageOf, textOf } from '@market-of-experts/core';
import { damagedFile, readIfThere } from '@market-of-experts/core/files';
import { examineHistory } from '@market-of-experts/history';
import { examineSnapshots, examineStore, lockDirectory } from '@market-of-experts/ledger';
import { parsePlaces } from '@market-of-experts/protocol';
import { auditsFile, readAudits } from '@market-of-experts/roles/coordinator/audits/audit-file';
import { examineStandings } from '@market-of-experts/roles/settlement/standings-file';
import { isApiKey } from './directory/api-key.ts';
import { readClaimFiles } from './directory/claim-files.ts';
import { assertDataFormat } from './directory/data-format.ts';
import { openKeyFile } from './directory/key-file.ts';
import { readStandInFile } from './directory/stand-in-file.ts';
import { readValidatorMemory } from './directory/validator-file.ts';
import { founderKeyNames } from './genesis/bootstrap.ts';
import { readTextKeys, textKeysFile } from './house/text-keys.ts';
import { ownTextsFiles, readOwnTexts } from './reserve/own-texts.ts';
import { readUsedTexts, usedTextsFiles } from './reserve/used-texts.ts';

/**
 * What helps where something cannot be used: nothing is to be done, since the next start makes it again; it can be set aside
 * (`repair`) and is then made again, wholly or in time; only a backup has what is lost; or, where nothing is damaged, the
 * version of the program that wrote it can go on with it.
 */
export type Remedy = 'next-start' | 'repair' | 'backup' | 'other-version';

/** One file or folder of a data directory, by its path in it. */
export interface FileFinding {
  readonly path: string;
  /** Undefined where all is well. */
  readonly damage?: { readonly why: string; readonly remedy: Remedy; readonly setAsideIn?: string };
}

interface Examined {
  readonly path: string;
  readonly remedy: Exclude<Remedy, 'other-version'>;
  readonly examine: (path: string) => void | Promise<void>;
}

/**
 * Looks at every file that decides something in a data directory that no market uses, and changes nothing unless
 * `hasRepair`: then what can be made again is moved to a folder `set-aside`, from where it can be brought back. Throws
 * `data-directory-in-use`, `data-directory-unusable`, and `data-directory-outdated` for a directory of another version, of which
 * this one cannot say what is damaged.
 */
export async function examineDataDirectory(
  dataDir: string,
  options: { readonly hasRepair: boolean; readonly nowMs: number },
): Promise<readonly FileFinding[]> {
  const lock = lockDirectory(dataDir);
  try {
    requireFormat(dataDir);
    const findings: FileFinding[] = [];
    for (const examined of examinedIn(dataDir)) {
      const path = relative(dataDir, examined.path);
      const found = await damageOf(examined);
      if (found === undefined) findings.push({ path });
      else {
        const isMoved = options.hasRepair && (found.remedy === 'next-start' || found.remedy === 'repair');
        const setAsideIn = isMoved ? setAside(dataDir, examined.path, options.nowMs) : undefined;
        findings.push({
          path,
          damage: { ...found, ...(setAsideIn === undefined ? {} : { setAsideIn }) },
        });
      }
    }
    return findings;
  } finally {
    lock.release();
  }
}

async function damageOf({
  path,
  examine,
  remedy,
}: Examined): Promise<{ readonly why: string; readonly remedy: Remedy } | undefined> {
  try {
    await examine(path);
    return undefined;
  } catch (error) {
    const isOther = isMoeError(error, 'other-format') && remedy === 'backup';
    const why = isMoeError(error) ? error.message : `It cannot be read: ${messageOf(error)}.`;
    return { why, remedy: isOther ? 'other-version' : remedy };
  }
}

/** A damaged mark is a finding like others. */
function requireFormat(dataDir: string): void {
  try {
    assertDataFormat(dataDir);
  } catch (error) {
    if (!isMoeError(error, 'file-damaged')) throw error;
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
    { path: at('format'), remedy: 'backup', examine: () => void assertDataFormat(dataDir) },
    { path: at('keys.json'), remedy: 'backup', examine: keyFile },
    // Set aside, each expert has a new version.
    { path: at(textKeysFile), remedy: 'repair', examine: (path) => void readTextKeys(path) },
    { path: at('api-key'), remedy: 'repair', examine: examineApiKey },
    ...storesIn(dataDir).map((path): Examined => ({ path, remedy: 'backup', examine: examineStore })),
    { path: at('ledger', 'snapshots'), remedy: 'next-start', examine: examineSnapshotsOf },
    // Set aside, texts that were used may be used once more; those of the operator can be added again.
    ...usedTextsFiles(dataDir).map(
      (path): Examined => ({ path, remedy: 'repair', examine: () => void readUsedTexts(path) }),
    ),
    ...ownTextsFiles(dataDir).map(
      (path): Examined => ({ path, remedy: 'repair', examine: () => void readOwnTexts(path) }),
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
    // Begun anew: what was found comes out again.
    {
      path: join(directory, auditsFile),
      remedy: 'next-start',
      examine: (path) => void readAudits(path),
    },
    {
      path: join(directory, 'places', 'places.json'),
      remedy: 'next-start',
      examine: (path) => void parsePlaces(textOf(readIfThere(path)!)),
    },
    // Set aside, the next start would make another: what clients have stored would fit it by chance.
    { path: join(directory, 'history'), remedy: 'repair', examine: examineHistory },
    ...memories.map(
      (name): Examined => ({
        path: join(directory, name),
        remedy: 'repair',
        examine: (path) => void readValidatorMemory(path),
      }),
    ),
    ...listed(directory)
      .filter((name) => /^validator.*-claims$/.test(name))
      .map(
        (name): Examined => ({
          path: join(directory, name),
          // Other validators have these certificates, too.
          remedy: 'repair',
          examine: (path) => {
            readClaimFiles(path);
            readStandInFile(join(path, 'proposed.json'));
          },
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
