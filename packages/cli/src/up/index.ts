import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { textOf } from '@market-of-experts/core';
import { writeDurably } from '@market-of-experts/core/files';
import { createGateway } from '@market-of-experts/gateway';
import { type EmbeddedMarket, openEmbeddedMarket } from '@market-of-experts/host/embedded-market';
import { validatorSpecs } from '@market-of-experts/host/validators/validators';
import { type CatalogueExpert, createModelHost, openBaseEncoder } from '@market-of-experts/models';
import { contraryTestimony } from '@market-of-experts/roles/validator/contrary-testimony';
import { addressFile } from '../connection/connection.ts';
import { exitCodes } from '../terminal/exit-codes.ts';
import { paint } from '../terminal/text.ts';
import { greet } from './greeting.ts';
import { assertCanListen, cannotListen } from './listen-address.ts';
import { createLog } from './log.ts';
import { type RunningMarket, warn } from './running-market.ts';
import { addExperts, chooseExperts, firstOf, foundersOf, openExpert, partsOf } from './start-experts.ts';
import { stopSignal, untilAborted } from './stop-signal.ts';
import type { UpOptions } from './up-options.ts';
import { whileServing } from './while-serving.ts';

const manifest = JSON.parse(textOf(readFileSync(new URL('../../package.json', import.meta.url)))) as {
  readonly version: string;
};
/** How often it is looked whether the ledger can go on in this process. */
const ledgerLookMs = 1_000;

/** `moe up`: the embedded market, until Ctrl-C. */
export async function up(options: UpOptions): Promise<void> {
  const startedMs = performance.now();
  // What it stores is nobody else's to read.
  process.umask(0o077);
  const log = createLog(options.isJson);
  const chosen = chooseExperts(options.experts);
  if (options.port !== 0) await assertCanListen(options.host, options.port);
  const models = createModelHost({ modelsDir: join(options.dataDirectory, 'models') });
  // Once: a second close would not wait for the first, and a process must not end in the middle of a model's run.
  let modelsClosing: Promise<void> | undefined;
  const closeModels = (): Promise<void> => {
    modelsClosing ??= models.close();
    return modelsClosing;
  };
  /** Undone in reverse. */
  const closers: (() => Promise<unknown>)[] = [closeModels];
  let isServing = false;
  let exitCode: number = exitCodes.ok;
  const stop = stopSignal(() => {
    log.say('Stopping: open jobs are finished and settled. Press Ctrl-C again to stop at once.', {
      event: 'stopping',
    });
    // While the market starts, it waits for models; nobody else does yet.
    if (!isServing) void closeModels();
  });
  const { signal } = stop;

  try {
    log.say(paint('bold', 'Market of Experts'));
    log.background('building and loading all-MiniLM-L6-v2, the founding expert');
    const market = await openMarket(options, chosen, { models, log, signal });
    closers.push(() => market.close());
    signal.throwIfAborted();
    const watching = setInterval(() => {
      const health = market.ledger.health();
      if (health.isWritable || !health.needsRestart || signal.aborted) return;
      exitCode = exitCodes.tryAgain;
      log.say(`Stopping, to be started again: ${health.reason}`, {
        event: 'stopping',
        reason: health.reason,
      });
      stop.abort(new Error(health.reason));
    }, ledgerLookMs);
    closers.push(async () => clearInterval(watching));
    log.background('experts join the market');
    const first = firstOf(chosen.slice(1));
    const others = chosen.slice(1).filter((expert) => !first.includes(expert));
    const running: RunningMarket = { market, models, options, log, signal };
    await addExperts(running, first);
    signal.throwIfAborted();
    const gateway = await createGateway({
      service: market.service,
      host: options.host,
      port: options.port,
      ...(isLoopback(options.host) ? { demoKey: market.apiKey } : {}),
    }).catch((error: unknown) => {
      throw cannotListen(error, options.host, options.port);
    });
    closers.push(() => gateway.close());
    // Other commands find the market by its data directory, whatever its port.
    const address = addressFile(options.dataDirectory);
    writeDurably(address, `${localAddress(gateway.url)}\n`);
    closers.push(async () => rmSync(address, { force: true }));
    isServing = true;
    const rest = addExperts(running, others);
    log.background(undefined);
    greet(running, gateway.url, performance.now() - startedMs);

    const work = whileServing(running, { gatewayUrl: gateway.url, rest });
    // Undone after the models have ended, which it may be waiting for.
    closers.unshift(() => work);
    await Promise.race([untilAborted(signal), work.then(() => untilAborted(signal))]);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    stop.abort(new Error('The market is stopping.'));
    log.background(undefined);
    for (const close of closers.reverse())
      await close().catch((error: unknown) => warn(log, 'Not everything ended well', error));
    log.stop();
  }
  log.say('Stopped. Balances, history and models are kept; start again to go on.', { event: 'stopped' });
  process.exit(exitCode);
}

function openMarket(
  options: UpOptions,
  chosen: readonly CatalogueExpert[],
  parts: Pick<RunningMarket, 'models' | 'log' | 'signal'>,
): Promise<EmbeddedMarket> {
  const { models, log, signal } = parts;
  return openEmbeddedMarket({
    dataDir: options.dataDirectory,
    acceptsOlderCopy: options.acceptsOlderCopy,
    founding: () => openExpert(models, chosen[0]!, options.hasPricing),
    base: () => openBaseEncoder(models),
    founders: foundersOf(chosen),
    countTokens: (text) => models.countTokens(text),
    version: manifest.version,
    parts: partsOf(chosen),
    isEditionRenewed: options.hasNewEdition,
    isEditionHeld: options.isEditionHeld,
    validators: validatorSpecs(options.validators).map((spec, index) =>
      options.hasLiar && index === options.validators - 1 ? { ...spec, testimony: contraryTestimony } : spec,
    ),
    epochMs: options.epochMs,
    acceptClock: options.acceptsClock,
    joinMarkets: options.joinMarkets,
    ...(options.prepaidBudgetMicro === undefined
      ? {}
      : { prepaid: { budgetMicro: options.prepaidBudgetMicro } }),
    ...(options.joinBudgetMicro === undefined ? {} : { joinBudgetMicro: options.joinBudgetMicro }),
    // A lone witness that lies would certify it; of three, two outvote it.
    ...(options.hasLiar ? { parameters: { witnesses: 3 } } : {}),
    onWarning: (message) => log.say(message, { event: 'warning', message }),
    signal,
  });
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** The address by which this machine reaches a gateway that listens everywhere. */
function localAddress(url: string): string {
  const address = new URL(url);
  if (address.hostname === '0.0.0.0' || address.hostname === '[::]') address.hostname = '127.0.0.1';
  return address.origin;
}
