import { addOwnTexts, ownTextLimits } from '@market-of-experts/host/reserve/own-texts';
import { readReserve } from '@market-of-experts/host/reserve/reserve-status';
import { leastPassageWords, unlikeTexts } from '@market-of-experts/training/corpora/passages';
import { place } from '../embed/input.ts';
import { exitCodes, usageError } from '../terminal/exit-codes.ts';
import { print, printJson } from '../terminal/print.ts';
import { plural, printable } from '../terminal/text.ts';
import { readPassages } from './read-passages.ts';

/** What became of the texts that were given. */
interface Added {
  added: number;
  /** Resemble one of the reserve or one another, or were used before. */
  alike: number;
  /** Have too many bytes: words without spaces, as in data that is no prose. */
  tooLong: number;
  /** Documents and rows of which nothing has words enough. */
  tooShort: number;
  /** Whether the reserve, or what is added at once, has no room for more: the rest was not read. */
  isFull: boolean;
  readonly failed: { readonly source: string; readonly reason: string }[];
  /** Files that are no text: in a folder they are passed over. */
  skipped: number;
}

/** Adds what the paths hold, as far as there is room. Throws a usage error where they hold no text. */
export async function addToReserve(
  directory: string,
  paths: readonly string[],
  isJson: boolean,
): Promise<void> {
  const warn = (message: string): void => void process.stderr.write(`${printable(message)}\n`);
  const { own: waiting, house, wasUsed } = readReserve(directory, warn);
  const room = Math.min(ownTextLimits.added, ownTextLimits.texts - waiting.length);
  if (room <= 0)
    throw usageError(
      `The reserve is full: ${waiting.length} of your texts wait to be used, and no more than ${ownTextLimits.texts} may. Add more when exams have used some.`,
    );
  const unlike = unlikeTexts();
  for (const text of [...house, ...waiting]) unlike.take(text);
  const texts: string[] = [];
  const found: Added = { added: 0, alike: 0, tooLong: 0, tooShort: 0, isFull: false, failed: [], skipped: 0 };
  for await (const item of readPassages(paths, new AbortController().signal)) {
    if (item.kind === 'short') found.tooShort += 1;
    else if (item.kind !== 'passage') {
      if (item.kind === 'skipped') found.skipped += 1;
      else found.failed.push({ source: place(item), reason: item.reason });
    } else if (Buffer.byteLength(item.text) > ownTextLimits.textBytes) found.tooLong += 1;
    else if (wasUsed(item.text) || !unlike.take(item.text)) found.alike += 1;
    else if (texts.length < room) texts.push(item.text);
    else {
      found.isFull = true;
      break;
    }
  }
  for (const { source, reason } of found.failed) warn(`${source} ${reason}`);
  if (texts.length === 0 && found.alike === 0)
    throw usageError(
      `No texts found in ${paths.map((path) => printable(path)).join(', ')}. A text of the reserve has ${leastPassageWords} words or more and ${ownTextLimits.textBytes} bytes at most; ${leftOut(found) || 'there was none'}.`,
    );
  addOwnTexts(directory, texts);
  found.added = texts.length;
  if (isJson) printJson({ ...found });
  else show(found);
  if (found.failed.length > 0) process.exitCode = exitCodes.partlyFailed;
}

function show(found: Added): void {
  print(
    found.added === 0
      ? 'Nothing was added: all of it is in the reserve, or was used.'
      : `${plural(found.added, 'text')} added. A market that runs here takes them up within a second.`,
  );
  const left = leftOut(found);
  if (left !== '') print(`Left out: ${left}.`);
  if (found.isFull)
    print('There is no room for more: the rest was not read. Add it when exams have used some.');
}

function leftOut({ alike, tooShort, tooLong, skipped, failed }: Added): string {
  const parts: readonly (readonly [number, string])[] = [
    [alike, 'like others, or used before'],
    [tooShort, 'too short'],
    [tooLong, 'too long'],
    [skipped, 'no text (binary, or empty)'],
    [failed.length, 'not readable'],
  ];
  return parts.flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`])).join(', ');
}
