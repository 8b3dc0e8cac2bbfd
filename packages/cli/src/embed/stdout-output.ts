import { once } from 'node:events';
import { MoeError } from '@market-of-experts/core';
import { type EmbeddingOutput, rowLine } from './output.ts';

/** JSONL on standard output. Rejects with `output-closed` when the reader has gone (`| head`). */
export function createStdoutOutput(withText: boolean, signal: AbortSignal): EmbeddingOutput {
  const stream = process.stdout;
  return {
    isOrdered: true,
    resumedRows: 0,
    has: () => false,
    async write(rows) {
      for (const row of rows) {
        if (stream.destroyed || stream.errored !== null)
          throw new MoeError('output-closed', 'The reader of standard output has gone.');
        if (!stream.write(rowLine(row, withText)))
          await Promise.race([once(stream, 'drain', { signal }), once(stream, 'close')]).catch(() => {});
      }
    },
    finish: async () => {},
    close: () => {},
  };
}
