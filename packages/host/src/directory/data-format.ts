import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MoeError } from '@market-of-experts/core';
import { damagedFile, readIfThere, writeDurably } from '@market-of-experts/core/files';

/**
 * Raised when what is stored changes its form: 2 since experts call friends, 3 since owners have Ethereum addresses, 4 since
 * every file that decides has a checksum, slashed stake is burnt, and orders that nobody paid for are no evidence, 5 since prepaid money
 * is unlocked with notice, settlements say who proposes them, and voids have no signature, 6 since a job is of several orders, 7 since experts are examined: rosters,
 * terms and questions have other fields, and editions are on the ledger.
 */
const dataFormat = 7;
/** What a market writes after it has marked its directory, so that none of it is there before. */
const markedBefore = ['ledger', 'guard', 'keys.json', 'markets', 'history', 'places', 'standings.cbor'];

/**
 * Whether a directory has the form that this program reads; a new one has none. Throws `data-directory-outdated` for one that
 * another version has made: going on with it would refuse its ledger or misread its receipts; and `file-damaged`. Changes nothing.
 */
export function assertDataFormat(dataDir: string): 'marked' | 'new' {
  const path = join(dataDir, 'format');
  const text = readIfThere(path)?.toString('latin1');
  if (text === textOfFormat(dataFormat)) return 'marked';
  if (text === undefined) {
    if (!markedBefore.some((name) => existsSync(join(dataDir, name)))) return 'new';
    throw outdated(
      dataDir,
      `has no file "format": it is lost, or the very first version made the market, which wrote none`,
      'Restore the file from a backup of this directory, or move the directory away',
    );
  }
  const format = formatIn(text);
  if (format === undefined) throw damagedFile(path, 'it does not say the form of this directory');
  if (format > dataFormat)
    throw outdated(
      dataDir,
      `was made by a newer version: its format is ${format}, this one's is ${dataFormat}`,
      'Update this program, or move the directory away',
    );
  throw outdated(
    dataDir,
    `was made by an older version: its format is ${format}${format === dataFormat ? ' as it was before its release' : ''}, this one's is ${dataFormat}`,
    'Go on with the version that made it, which settles what is open and holds every balance, or move the directory away',
  );
}

/** Marks a new directory; asserts the form of any other. */
export function markDataFormat(dataDir: string): void {
  if (assertDataFormat(dataDir) === 'new') writeDurably(join(dataDir, 'format'), textOfFormat(dataFormat));
}

function outdated(dataDir: string, what: string, remedy: string): MoeError {
  return new MoeError(
    'data-directory-outdated',
    `The data directory ${dataDir} has another format and cannot be used: it ${what}. Nothing was changed. ${remedy}, or start with another one: --data DIR.`,
    { metadata: { dataDir } },
  );
}

function textOfFormat(format: number): string {
  return `${format} ${hash('sha256', `moe/data-format/${format}`, 'hex').slice(0, 16)}\n`;
}

/** The format of a directory by its file; undefined where that is damaged. Older versions wrote the number alone. */
function formatIn(text: string): number | undefined {
  const format = Number.parseInt(text, 10);
  return /^[1-9][0-9]{0,5}\n?$/.test(text) || (format > 0 && text === textOfFormat(format))
    ? format
    : undefined;
}
