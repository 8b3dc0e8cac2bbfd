import { formatCredits, isMoeError, MoeError } from '@market-of-experts/core';
import type { MarketClient } from '@market-of-experts/sdk';
import { connect } from '../connection/connect.ts';
import { fileTrouble } from '../files/file-trouble.ts';
import { exitCodes, usageError } from '../terminal/exit-codes.ts';
import { print, printAside, printJson } from '../terminal/print.ts';
import { startProgressLine } from '../terminal/progress-line.ts';
import { formatCount, formatDuration, paintError, plural, printable } from '../terminal/text.ts';
import type { ChosenEdition } from './chosen-edition.ts';
import { type EmbedFlags, type EmbedOptions, readEmbedOptions } from './embed-options.ts';
import { countTexts, drawProgress } from './embed-progress.ts';
import { type Problem, place } from './input.ts';
import { createJsonlOutput } from './jsonl-output.ts';
import { createNpyOutput } from './npy-output.ts';
import type { EmbeddingOutput } from './output.ts';
import { readInputs } from './read-inputs.ts';
import { type EmbedTally, newTally, runEmbed } from './run-embed.ts';
import { createStdoutOutput } from './stdout-output.ts';

/** Failures that `--json` lists; all are counted, and all are on standard error without `--json`. */
const maxListedFailures = 1_000;

/** `moe embed`: sets the exit code, rejects with what made it senseless to go on. */
export async function embedCommand(inputs: readonly string[], flags: EmbedFlags): Promise<void> {
  const options = readEmbedOptions(inputs, flags);
  const client = connect(flags);
  if (flags.dryRun) return estimate(inputs, flags, options, client);

  const { market, model } = await findMarket(client, options.model);
  const stop = new AbortController();
  const abort = new AbortController();
  const output = createOutput(options, flags, model, abort.signal);
  const tally = newTally();
  const startedAtMs = performance.now();
  const failures: Problem[] = [];

  const total = { texts: undefined as number | undefined };
  const isLive = !flags.json && process.stderr.isTTY;
  if (isLive && !inputs.includes('-'))
    countTexts(readInputs(inputs, options.input, stop.signal), stop.signal).then((texts) => {
      total.texts = texts;
    });
  const progress = startProgressLine(isLive, (columns) =>
    drawProgress(tally, total.texts, performance.now() - startedAtMs, columns),
  );
  const note = (line: string): void => {
    if (!flags.json) progress.log(line);
  };
  if (output.resumedRows > 0)
    note(`${options.output} holds ${plural(output.resumedRows, 'text')} already; going on from there.`);

  let interrupts = 0;
  const onInterrupt = (): void => {
    interrupts += 1;
    stop.abort();
    if (interrupts > 1) abort.abort();
    else if (tally.underWay > 0)
      note(`Waiting for ${plural(tally.underWay, 'text')} under way. Ctrl-C again drops them.`);
    if (inputs.includes('-')) process.stdin.destroy();
  };
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onInterrupt);
  // A reader that has gone (`| head`) wants no more answers.
  process.stdout.on('error', () => {
    stop.abort();
    abort.abort();
    process.stdin.destroy();
  });

  let error: unknown;
  try {
    await runEmbed(
      {
        items: readInputs(inputs, options.input, stop.signal),
        output,
        client,
        settings: {
          model,
          dimensions: options.dimensions,
          moe: options.moe,
          retries: options.retries,
        },
        maxTextBytes: market.maxTextBytes,
        concurrency: options.concurrency,
        batchTexts: options.batchTexts,
        failFast: flags.failFast === true,
        stop,
        abort,
        onProblem: (problem) => {
          if (problem.kind === 'failed' && failures.length < maxListedFailures) failures.push(problem);
          note(describe(problem));
        },
      },
      tally,
    );
  } catch (reason) {
    error = reason;
  } finally {
    progress.stop();
    output.close();
    if (inputs.includes('-')) process.stdin.destroy();
  }

  if (isMoeError(error, 'output-closed') || process.stdout.errored !== null) return;
  const isInterrupted = interrupts > 0;
  const summary = summarise(tally, performance.now() - startedAtMs, isInterrupted);
  if (flags.json && error === undefined)
    printJson({ ...summary, model, output: options.output, failures: failures.map(listed) });
  else if (!flags.json && (error === undefined || tally.embedded + tally.resumed > 0)) {
    printAside(sentence(tally, performance.now() - startedAtMs));
    if ((isInterrupted || error !== undefined) && options.output !== undefined)
      printAside(`Run the same command again to go on; what ${options.output} holds is not paid again.`);
  }
  if (error !== undefined) throw error;
  if (isInterrupted) process.exitCode = exitCodes.interrupted;
  else if (tally.failed > 0) process.exitCode = exitCodes.partlyFailed;
}

async function estimate(
  inputs: readonly string[],
  flags: EmbedFlags,
  options: EmbedOptions,
  client: MarketClient,
): Promise<void> {
  const found = await findMarket(client, options.model).catch((error: unknown) => {
    if (isMoeError(error, 'market-unreachable')) return undefined;
    throw error;
  });
  // The rules of prices are a large package, and only this needs them.
  const { dryRun } = await import('./dry-run.ts');
  const result = await dryRun(
    readInputs(inputs, options.input, new AbortController().signal),
    found,
    (problem) => {
      if (!flags.json) printAside(describe(problem));
    },
  );
  if (flags.json) printJson({ dryRun: true, ...result, model: found?.model ?? null });
  else {
    print(
      `${plural(result.texts, 'text')}, ${formatCount(result.bytes)} bytes; ${formatCount(result.failed)} cannot be embedded, ` +
        `${formatCount(result.skipped)} skipped`,
    );
    print(
      result.estimatedFeeMicro === undefined
        ? `Price unknown: no market answers at ${client.url}.`
        : `About ${formatCredits(result.estimatedFeeMicro)} credits at today's price.`,
    );
  }
  if (result.failed > 0) process.exitCode = exitCodes.partlyFailed;
}

/** A market, and the name of its edition: of the one in force where `model` names none, so that it stays the same to the end. */
async function findMarket(client: MarketClient, model: string | undefined): Promise<ChosenEdition> {
  const { markets } = await client.status();
  const [name, number] = model?.split('@') ?? [];
  const market =
    name === undefined
      ? markets[0]
      : markets.find(({ id, aliases }) => id === name || aliases.includes(name));
  const edition = market?.editions?.find((each) =>
    number === undefined ? each.isInForce : String(each.number) === number,
  );
  if (market !== undefined && (edition !== undefined || number === undefined))
    return { market, parts: edition?.parts.length ?? 1, model: edition?.name ?? market.id };
  if (market?.editions !== undefined)
    throw usageError(
      `"${market.id}" has no edition ${number} at ${client.url}. Give --model one of: ${market.editions.map((each) => each.name).join(', ')}.`,
    );
  if (markets.length === 0) throw new MoeError('no-market', `There is no market at ${client.url} yet.`);
  throw usageError(
    `There is no market "${model}" at ${client.url}. Give --model one of: ${markets.map(({ id }) => id).join(', ')}.`,
  );
}

function createOutput(
  options: EmbedOptions,
  flags: EmbedFlags,
  model: string,
  signal: AbortSignal,
): EmbeddingOutput {
  const withText = flags.withText === true;
  if (options.output === undefined) return createStdoutOutput(withText, signal);
  const init = { path: options.output, model, withText, isFresh: flags.overwrite === true };
  try {
    return options.isNpy ? createNpyOutput(init) : createJsonlOutput(init);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw usageError(`${options.output} cannot be written: ${fileTrouble(error)}.`);
  }
}

function describe(problem: Problem): string {
  const what = problem.kind === 'failed' ? paintError('red', 'failed') : paintError('dim', 'skipped');
  return `${what} ${printable(place(problem))}: ${printable(problem.reason)}`;
}

function listed(problem: Problem): Record<string, unknown> {
  return { source: problem.source, line: problem.line, reason: problem.reason };
}

function summarise(tally: EmbedTally, durationMs: number, isInterrupted: boolean): Record<string, unknown> {
  const { embedded, resumed, failed, skipped, costMicro } = tally;
  return {
    embedded,
    resumed,
    failed,
    skipped,
    costMicro,
    interrupted: isInterrupted,
    durationMs: Math.round(durationMs),
    textsPerSecond: Number(((1_000 * embedded) / Math.max(1, durationMs)).toFixed(1)),
  };
}

function sentence(tally: EmbedTally, durationMs: number): string {
  const rate = Math.round((1_000 * tally.embedded) / Math.max(1, durationMs));
  return [
    `${plural(tally.embedded, 'text')} embedded in ${formatDuration(durationMs)} (${formatCount(rate)}/s)`,
    ...(tally.resumed > 0 ? [`${formatCount(tally.resumed)} were there already`] : []),
    ...(tally.failed > 0 ? [`${formatCount(tally.failed)} failed`] : []),
    ...(tally.skipped > 0 ? [`${formatCount(tally.skipped)} skipped`] : []),
    `cost ${formatCredits(tally.costMicro)} credits`,
  ].join('; ');
}
