import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MoeError, textOf } from '@moe/core';
import { writeDurably } from './durable-file.ts';

/**
 * Raised when what is stored changes its form: 2 since experts call friends, 3 since owners have Ethereum addresses, 4 since
 * every file that decides has a checksum, slashed stake is burnt, and orders that nobody paid for are no evidence.
 */
const dataFormat = 4;

/**
 * Marks a new data directory with the form of what is stored in it. Throws `data-directory-outdated` for one that
 * another version has made: going on with it would refuse its ledger or misread its receipts.
 */
export function assertDataFormat(dataDir: string, hasLedger: boolean): void {
  const path = join(dataDir, 'format');
  if (!hasLedger && !existsSync(path)) {
    writeDurably(path, `${dataFormat}\n`);
    return;
  }
  const found = existsSync(path) ? textOf(readFileSync(path)).trim().slice(0, 20) : '1';
  if (found !== String(dataFormat))
    throw new MoeError(
      'data-directory-outdated',
      `The market in ${dataDir} was made by another version (its format is ${found}, this one's is ${dataFormat}) and cannot be continued. Nothing was changed. Move the directory away, or start with another one: --data DIR.`,
    );
}
