import { createReadStream } from 'node:fs';
import { open, opendir, stat } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { fileTrouble } from '../files/file-trouble.ts';
import { usageError } from '../terminal/exit-codes.ts';
import type { InputFormat, InputItem, InputOptions } from './input.ts';
import { readCsv } from './read-csv.ts';
import { readJsonl } from './read-jsonl.ts';
import { readText } from './read-text.ts';

const sniffedBytes = 8_192;
const formats: Readonly<Record<string, InputFormat>> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.csv': 'csv',
  '.tsv': 'csv',
};

/**
 * Texts of files, folders and standard input (`-`), in order; folders sorted by name, without hidden files, links
 * and `node_modules`. Throws `usage` for a path that does not exist, before anything is read.
 */
export async function* readInputs(
  paths: readonly string[],
  options: InputOptions,
  signal: AbortSignal,
): AsyncGenerator<InputItem, void> {
  const kinds = await Promise.all(paths.map(kindOf));
  for (const [index, path] of paths.entries()) {
    if (kinds[index] === 'stdin') yield* readStream(process.stdin, '-', options, 'lines');
    else if (kinds[index] === 'folder') yield* readFolder(path, options, signal);
    else yield* readFile(path, options, signal, 'failed');
  }
}

async function kindOf(path: string): Promise<'stdin' | 'folder' | 'file'> {
  if (path === '-') return 'stdin';
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw usageError(
      error.code === 'ENOENT'
        ? `There is no file or folder "${path}".`
        : `"${path}" cannot be read: ${fileTrouble(error)}.`,
    );
  });
  return info.isDirectory() ? 'folder' : 'file';
}

async function* readFolder(
  folder: string,
  options: InputOptions,
  signal: AbortSignal,
): AsyncGenerator<InputItem, void> {
  const entries: { name: string; isFolder: boolean }[] = [];
  try {
    for await (const entry of await opendir(folder)) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      if (entry.isDirectory() || entry.isFile())
        entries.push({ name: entry.name, isFolder: entry.isDirectory() });
    }
  } catch (error) {
    yield {
      kind: 'failed',
      source: folder,
      line: undefined,
      reason: `cannot be read: ${fileTrouble(error)}.`,
    };
    return;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, isFolder } of entries) {
    const path = join(folder, name);
    if (isFolder) yield* readFolder(path, options, signal);
    else if (options.extensions === undefined || options.extensions.includes(extname(name).slice(1)))
      yield* readFile(path, options, signal, 'skipped');
  }
}

async function* readFile(
  path: string,
  options: InputOptions,
  signal: AbortSignal,
  ifBinary: 'failed' | 'skipped',
): AsyncGenerator<InputItem, void> {
  if (options.excluded.has(resolve(path))) return;
  try {
    if (await isBinary(path)) {
      yield { kind: ifBinary, source: path, line: undefined, reason: 'is binary (or UTF-16), not text.' };
      return;
    }
    yield* readStream(createReadStream(path, { signal }), path, options, 'whole');
  } catch (error) {
    if (signal.aborted || (error as NodeJS.ErrnoException).syscall === undefined) throw error;
    yield { kind: 'failed', source: path, line: undefined, reason: `cannot be read: ${fileTrouble(error)}.` };
  }
}

function readStream(
  stream: Readable,
  source: string,
  options: InputOptions,
  split: 'lines' | 'whole',
): AsyncGenerator<InputItem, void> {
  const extension = extname(source).toLowerCase();
  const format = options.format ?? formats[extension] ?? 'text';
  if (format === 'jsonl') return readJsonl(stream, source, { text: options.field, id: options.idField });
  if (format === 'csv')
    return readCsv(stream, source, {
      column: options.column,
      id: options.idField,
      delimiter: options.delimiter ?? (extension === '.tsv' ? '\t' : ','),
    });
  return readText(stream, source, options.split ?? split);
}

async function isBinary(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(sniffedBytes), 0, sniffedBytes, 0);
    return buffer.subarray(0, bytesRead).includes(0);
  } finally {
    await file.close();
  }
}
