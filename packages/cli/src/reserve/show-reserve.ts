import { readReserve, reserveNotices, reserveStatus } from '@market-of-experts/host/reserve/reserve-status';
import { textKey } from '@market-of-experts/host/reserve/text-key';
import { print, printJson } from '../terminal/print.ts';
import { renderTable } from '../terminal/table.ts';
import { formatCount, paint, plural, printable } from '../terminal/text.ts';

const shownTexts = 20;
const previewCharacters = 60;
const idDigits = 12;

export function listReserve(directory: string, isJson: boolean): void {
  const { own: texts } = readReserve(directory, (message) => process.stderr.write(`${printable(message)}\n`));
  if (isJson)
    return printJson({
      texts: texts.map((text) => ({ id: textKey(text), bytes: Buffer.byteLength(text), text })),
    });
  if (texts.length === 0)
    return print(
      'You have no texts in the reserve. Add some: moe reserve add FOLDER. See moe reserve status.',
    );
  print(
    renderTable(
      [{ title: 'id' }, { title: 'bytes', align: 'right' }, { title: 'text' }],
      texts
        .slice(0, shownTexts)
        .map((text) => [
          textKey(text).slice(0, idDigits),
          formatCount(Buffer.byteLength(text)),
          printable(
            [...text.slice(0, 4 * previewCharacters)]
              .slice(0, previewCharacters)
              .join('')
              .replaceAll(/\s+/g, ' '),
          ),
        ]),
    ),
  );
  if (texts.length > shownTexts)
    print(`… and ${formatCount(texts.length - shownTexts)} more: --json shows all.`);
}

export function showReserve(directory: string, isJson: boolean): void {
  const status = reserveStatus(directory);
  const notices = reserveNotices(status);
  if (isJson) return printJson({ ...status, notices });
  const { ownLeft, houseLeft, used, problems } = status;
  print(
    `${paint('bold', formatCount(ownLeft + houseLeft))} texts left: ${formatCount(ownLeft)} of your own, which go first, and ${formatCount(houseLeft)} that came with the program`,
  );
  print(`${plural(used, 'text')} used by exams so far`);
  for (const sentence of [...problems, ...notices])
    print(`${paint('yellow', 'attention')}: ${printable(sentence)}`);
}
