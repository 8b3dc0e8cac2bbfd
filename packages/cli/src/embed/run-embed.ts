import { isMoeError, MoeError } from '@market-of-experts/core';
import type { MarketClient } from '@market-of-experts/sdk';
import { batches, type PendingText } from './batches.ts';
import { embedBatch, type RequestSettings } from './embed-batch.ts';
import type { InputItem, Problem } from './input.ts';
import { type EmbeddingOutput, hashText, rowKey } from './output.ts';

export interface EmbedRunInit {
  readonly items: AsyncIterable<InputItem>;
  readonly output: EmbeddingOutput;
  readonly client: MarketClient;
  readonly settings: RequestSettings;
  readonly maxTextBytes: number;
  readonly concurrency: number;
  readonly batchTexts: number;
  readonly failFast: boolean;
  /** No new request after this; what is under way is waited for and written. */
  readonly stop: AbortController;
  /** Drops what is under way as well. */
  readonly abort: AbortController;
  onProblem(problem: Problem): void;
}

/** How far a run is; it counts while it goes. */
export interface EmbedTally {
  /** Texts that are written. */
  embedded: number;
  /** Texts that an earlier run had written. */
  resumed: number;
  failed: number;
  skipped: number;
  /** Texts in requests under way. */
  underWay: number;
  /** Fees of this run. */
  costMicro: bigint;
}

/** Well below what a market takes in one request. */
const maxBatchBytes = 1024 * 1024;
const maxFailedBatches = 3;

export function newTally(): EmbedTally {
  return { embedded: 0, resumed: 0, failed: 0, skipped: 0, underWay: 0, costMicro: 0n };
}

/**
 * Reads, embeds and writes. Resolves when all is written, or was stopped; rejects with the error that made it
 * senseless to go on, after everything that had been answered is written.
 */
export async function runEmbed(init: EmbedRunInit, tally: EmbedTally): Promise<void> {
  const { output, stop, abort } = init;
  const keys: string[] = [];
  const seen = new Set<string>();
  let fatal: unknown;
  let failedBatches = 0;

  const report = (problem: Problem): void => {
    tally[problem.kind] += 1;
    init.onProblem(problem);
    if (problem.kind === 'failed' && init.failFast) stop.abort();
  };
  const end = (error: unknown): void => {
    // What follows from the first error is no news.
    if (fatal === undefined && !isMoeError(error, 'request-aborted')) fatal = error;
    stop.abort();
  };

  async function* pending(): AsyncGenerator<PendingText, void> {
    for await (const item of init.items) {
      if (stop.signal.aborted) return;
      if (item.kind !== 'text') {
        report(item);
        continue;
      }
      const textHash = hashText(item.text);
      const key = rowKey(item.id, textHash);
      if (seen.has(key)) {
        tally.skipped += 1;
        continue;
      }
      seen.add(key);
      keys.push(key);
      if (output.has(key)) {
        tally.resumed += 1;
        continue;
      }
      const bytes = Buffer.byteLength(item.text);
      if (bytes > init.maxTextBytes)
        report({
          kind: 'failed',
          source: item.source,
          line: item.line,
          reason: `has ${bytes} bytes; this market takes at most ${init.maxTextBytes} a text. Split it, e.g. with --paragraphs.`,
        });
      else yield { id: item.id, source: item.source, line: item.line, text: item.text, textHash };
    }
  }

  const embed = async (texts: readonly PendingText[], previous: Promise<void>): Promise<void> => {
    tally.underWay += texts.length;
    try {
      const batch = await embedBatch(
        init.client,
        texts.map(({ text }) => text),
        init.settings,
        { stop: stop.signal, abort: abort.signal },
      );
      tally.costMicro += batch.feeMicro;
      const rows = texts.flatMap((text, index) => {
        const result = batch.results[index]!;
        if ('vector' in result) return [{ ...text, ...result, model: init.settings.model }];
        report({ kind: 'failed', source: text.source, line: text.line, reason: result.reason });
        return [];
      });
      await previous;
      await output.write(rows);
      tally.embedded += rows.length;
      failedBatches = batch.isAnswered ? 0 : failedBatches + 1;
      if (failedBatches >= maxFailedBatches)
        throw new MoeError(
          'market-failing',
          'The market failed several requests in a row, each more than once. Look at its terminal, then run the same command again.',
        );
    } catch (error) {
      end(error);
    } finally {
      tally.underWay -= texts.length;
    }
  };

  const running = new Set<Promise<void>>();
  // Rows of a stream keep the order of the input; a file takes them as they come and is put in order at the end.
  let last = Promise.resolve();
  try {
    for await (const texts of batches(pending(), { maxTexts: init.batchTexts, maxBytes: maxBatchBytes })) {
      if (stop.signal.aborted) break;
      const job = embed(texts, output.isOrdered ? last : Promise.resolve());
      last = job;
      running.add(job);
      job.then(() => running.delete(job));
      if (running.size >= init.concurrency) await Promise.race(running);
    }
  } catch (error) {
    // Inputs that are cut off because we stop are no error of theirs.
    if (!stop.signal.aborted) end(error);
  }
  await Promise.all(running);
  if (fatal !== undefined) throw fatal;
  if (!stop.signal.aborted) await output.finish(keys);
}
