import { MoeError } from '@market-of-experts/core';
import { readSmallFile } from '../files/read-small-file.ts';
import { askHidden, canAsk } from '../terminal/ask.ts';
import { usageError } from '../terminal/exit-codes.ts';

export interface PassphraseOptions {
  readonly passphraseFile?: string;
}

const maxBytes = 4_096;
const leastCharacters = 8;

/** From `--passphrase-file`, MOE_PASSPHRASE or a prompt that shows nothing. Throws `passphrase-missing` where nobody can be asked. */
export async function readPassphrase(options: PassphraseOptions, what: string): Promise<string> {
  return given(options) ?? (await prompt(`Passphrase of ${what}: `));
}

/** The same for a new wallet: asked for twice, and refused when it is short. */
export async function readNewPassphrase(options: PassphraseOptions, what: string): Promise<string> {
  const passphrase = given(options) ?? (await promptTwice(what));
  if ([...passphrase].length < leastCharacters)
    throw usageError(
      `A passphrase needs ${leastCharacters} characters or more: whoever copies the file can try short ones.`,
    );
  return passphrase;
}

async function promptTwice(what: string): Promise<string> {
  const first = await prompt(`New passphrase of ${what}: `);
  if ((await prompt('The same again: ')) !== first)
    throw usageError('The two passphrases differ; nothing was written. Try again.');
  return first;
}

function given({ passphraseFile }: PassphraseOptions): string | undefined {
  if (passphraseFile !== undefined) return readSmallFile(passphraseFile, maxBytes).replace(/\r?\n$/, '');
  return process.env.MOE_PASSPHRASE || undefined;
}

function prompt(question: string): Promise<string> {
  if (!canAsk())
    throw new MoeError(
      'passphrase-missing',
      'A passphrase is needed and nobody can be asked here. Set MOE_PASSPHRASE, or name a file that holds it with --passphrase-file.',
    );
  return askHidden(question);
}
