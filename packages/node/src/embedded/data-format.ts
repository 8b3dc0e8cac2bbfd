import { hash } from 'node:crypto';
import { join } from 'node:path';
import { MoeError } from '@moe/core';
import { damagedFile, readIfThere, writeDurably } from '@moe/core/files';

/**
 * Raised when what is stored changes its form: 2 since experts call friends, 3 since owners have Ethereum addresses, 4 since
 * every file that decides has a checksum, slashed stake is burnt, and orders that nobody paid for are no evidence.
 */
const dataFormat = 4;
/** What directories of these forms say, without a checksum. */
const olderFormats = /^[1-3]\n?$/;

/**
 * Marks a new data directory with the form of what is stored in it. Throws `data-directory-outdated` for one that
 * another version has made: going on with it would refuse its ledger or misread its receipts; and `file-damaged`.
 */
export function assertDataFormat(dataDir: string, hasLedger: boolean): void {
  const path = join(dataDir, 'format');
  const found = readIfThere(path)?.toString('latin1');
  if (found === undefined && !hasLedger) return writeDurably(path, textOfFormat(dataFormat));
  if (found === textOfFormat(dataFormat)) return;
  const format = formatIn(found);
  if (format === undefined) throw damagedFile(path, 'it does not say the form of this directory');
  throw new MoeError(
    'data-directory-outdated',
    `The market in ${dataDir} was made by another version (its format is ${format}, this one's is ${dataFormat}) and cannot be continued. Nothing was changed. Move the directory away, or start with another one: --data DIR.`,
  );
}

function textOfFormat(format: number): string {
  return `${format} ${hash('sha256', `moe/data-format/${format}`, 'hex').slice(0, 16)}\n`;
}

/** The format of a directory by its file; undefined where that is damaged. The first version wrote none. */
function formatIn(text: string | undefined): number | undefined {
  if (text === undefined) return 1;
  const format = Number.parseInt(text, 10);
  return olderFormats.test(text) || (format > 0 && text === textOfFormat(format)) ? format : undefined;
}
