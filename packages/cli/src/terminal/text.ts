import { styleText } from 'node:util';
import { type Amount, formatCredits, MICRO_PER_CREDIT, plainText } from '@market-of-experts/core';

/** Text from outside on one line, without anything that a terminal would act on or that nobody sees. */
export { plainText as printable } from '@market-of-experts/core';

// biome-ignore lint/suspicious/noControlCharactersInRegex: the colours that `paint` makes
const colour = /(\u001b\[\d{1,3}(?:;\d{1,3})*m)/;

/** Lines of our own as they may be written: colours and line breaks stay, whatever else would steer a terminal does not. */
export function writable(lines: string): string {
  return lines
    .split('\n')
    .map((line) =>
      line
        .split(colour)
        .map((part, at) => (at % 2 === 1 ? part : plainText(part)))
        .join(''),
    )
    .join('\n');
}

/** JSON in ASCII where a terminal would act on a character: the value stays the same. */
export function writableJson(value: unknown): string {
  const text = JSON.stringify(value, (_, field) => (typeof field === 'bigint' ? field.toString() : field));
  return text.replace(/[^\x20-\x7e]/gu, (character) =>
    plainText(character) === character
      ? character
      : [...Array(character.length).keys()]
          .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
          .join(''),
  );
}

type Style = Parameters<typeof styleText>[0];

/** Coloured where standard output is a terminal that wants colour (NO_COLOR, FORCE_COLOR). */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

/** The same for standard error. */
export function paintError(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stderr });
}

/** Columns of a terminal, or a width that suits a file. */
export function columnsOf(stream: NodeJS.WriteStream): number {
  return stream.isTTY ? Math.max(20, stream.columns || 80) : 120;
}

/** `12345` is `12,345`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 text`, `12,345 texts`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** `1 credit`, `1.25 credits`. */
export function formatAmount(amountMicro: Amount): string {
  return `${formatCredits(amountMicro)} ${amountMicro === MICRO_PER_CREDIT ? 'credit' : 'credits'}`;
}

/** A share in hundredths of a percent: `5000` is `50 %`, `1250` is `12.5 %`. */
export function formatShare(bps: number): string {
  return `${Number((bps / 100).toFixed(1))} %`;
}

/** `850 ms`, `42 s`, `3 min 5 s`, `2 h 10 min`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
