import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { damagedHistory, HistoryFolder } from './records/history-folder.ts';
import { nodesIn } from './records/node-table.ts';
import { RowLayout, rowBlock } from './records/row-layout.ts';

/**
 * Reads every record of a history that no process uses, and changes nothing. What an unfinished write left at the end is no
 * damage. Throws `history-corrupt`.
 */
export function examineHistory(directory: string): void {
  const limits = HistoryFolder.limitsOf(directory);
  if (limits === undefined) return;
  new HistoryFolder(directory, limits).readForgotten();
  const nodesPath = join(directory, 'nodes.bin');
  const nodes = existsSync(nodesPath) ? nodesIn(readFileSync(nodesPath), nodesPath).length : 0;
  const layout = new RowLayout(limits);
  const folder = join(directory, 'records');
  const files = existsSync(folder) ? readdirSync(folder).sort() : [];
  /** A row that is not as it was written, with none after it so far that is. */
  let unsound: string | undefined;
  for (const path of files.map((name) => join(folder, name))) {
    const block = rowBlock(new Uint8Array(readFileSync(path)));
    for (let start = 0; start + layout.rowBytes <= block.bytes.length; start += layout.rowBytes)
      if (!layout.isSound(block, start, nodes)) unsound ??= path;
      else if (unsound !== undefined) throw damagedHistory(unsound, 'a record in it has changed');
  }
}
