import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { JobSummary } from '@market-of-experts/api/jobs';
import { formatCredits, messageOf, textOf } from '@market-of-experts/core';
import { writeDurably } from '@market-of-experts/core/files';
import { createGateway } from '@market-of-experts/gateway';
import { type EmbeddedMarket, openEmbeddedMarket } from '@market-of-experts/host/embedded-market';
import { validatorSpecs } from '@market-of-experts/host/validators/validators';
import { type CatalogueExpert, createModelHost, type ModelHost } from '@market-of-experts/models';
import { contraryTestimony } from '@market-of-experts/roles/validator/contrary-testimony';
import { sampleKinds } from '@market-of-experts/training';
import { addressFile } from '../connection/connection.ts';
import { exitCodes } from '../terminal/exit-codes.ts';
import { paint } from '../terminal/text.ts';
import { greet, usage } from './greeting.ts';
import { openHouse } from './house.ts';
import { assertCanListen, cannotListen } from './listen-address.ts';
import { createLog, type UpLog } from './log.ts';
import { askForNewcomer, isOnProbation } from './newcomers.ts';
import { openRouter, type Router } from './router.ts';
import { addSpecialists } from './specialists.ts';
import { addExperts, chooseExperts, foundersOf, openExpert } from './start-experts.ts';
import { stopSignal, untilAborted } from './stop-signal.ts';
import { tour } from './tour.ts';
import { untilReady } from './until-ready.ts';
import type { UpOptions } from './up-options.ts';
import { createWinTable, type WinTable } from './win-table.ts';

const manifest = JSON.parse(textOf(readFileSync(new URL('../../package.json', import.meta.url)))) as {
  readonly version: string;
};
/** House jobs that one run pays for at most. */
const houseJobs = 400;
/** Of them, after the last newcomer has joined: they show who wins what. */
const finalJobs = 96;
/** The tour starts with five experts, or with those that are there after this long. */
const waitForExpertsMs = 8_000;
const tourExperts = 5;
/** Once all experts are in, what is still in the way will not go away by waiting. */
const settleInMs = 1_000;
const calibrationPieces = 4_096;
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
  const host = createModelHost({ modelsDir: join(options.dataDirectory, 'models') });
  // Once: a second close would not wait for the first, and a process must not end in the middle of a model's run.
  let hostClosing: Promise<void> | undefined;
  const closeHost = (): Promise<void> => {
    hostClosing ??= host.close();
    return hostClosing;
  };
  /** Undone in reverse. */
  const closers: (() => Promise<unknown>)[] = [closeHost];
  let isServing = false;
  let exitCode: number = exitCodes.ok;
  const stop = stopSignal(() => {
    log.say('Stopping: open jobs are finished and settled. Press Ctrl-C again to stop at once.', {
      event: 'stopping',
    });
    // While the market starts, it waits for models; nobody else does yet.
    if (!isServing) void closeHost();
  });
  const { signal } = stop;

  try {
    log.say(paint('bold', 'Market of Experts'));
    log.background('building and loading all-MiniLM-L6-v2, the founding expert');
    const router = openRouter(host);
    const market = await openMarket(options, chosen, host, router, log, signal);
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
    log.background('experts compute their vectors of the calibration set');
    const others = chosen.slice(1);
    const quick = others.filter(({ startup, speed }) => startup === 'immediate' && speed !== 'slow');
    const slow = others.filter(({ name }) => !quick.some((expert) => expert.name === name));
    const components = { market, host, log, isPricing: options.hasPricing, signal };
    await addExperts(components, quick.slice(0, 2));
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
    const rest = addExperts(components, [...quick.slice(2), ...slow]);
    log.background(undefined);
    greet(log, gateway.url, options, market, performance.now() - startedMs);

    const work = run({ market, log, options, gatewayUrl: gateway.url, signal, rest, host, router });
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
  host: ModelHost,
  router: Router,
  log: UpLog,
  signal: AbortSignal,
): Promise<EmbeddedMarket> {
  return openEmbeddedMarket({
    dataDir: options.dataDirectory,
    acceptsOlderCopy: options.acceptsOlderCopy,
    founding: () => openExpert(host, chosen[0]!, options.hasPricing),
    founders: foundersOf(chosen),
    countTokens: (text) => host.countTokens(text),
    version: manifest.version,
    router: router.backend,
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

function warn(log: UpLog, what: string, error: unknown): void {
  const message = `${what}: ${messageOf(error)}`;
  log.say(message, { event: 'warning', message });
}

/** What happens while the market serves: tour, training, house jobs, growing calibration. */
async function run(running: {
  readonly market: EmbeddedMarket;
  readonly host: ModelHost;
  readonly router: Router;
  readonly log: UpLog;
  readonly options: UpOptions;
  readonly gatewayUrl: string;
  readonly signal: AbortSignal;
  /** Experts that are still on their way. */
  readonly rest: Promise<void>;
}): Promise<void> {
  const { market, host, router, log, options, gatewayUrl, signal, rest } = running;
  /** Counts once everybody is in. */
  let wins: WinTable | undefined;
  const house = openHouse({
    market,
    marketId: market.firstMarket,
    budget: houseJobs,
    signal,
    onJob: (kind, job) => wins?.record(kind, job),
  });
  /** What goes wrong beside the serving is told and left out: clients do not need it. */
  const attempt = async (what: string, task: () => Promise<unknown>): Promise<void> => {
    if (signal.aborted) return;
    try {
      await task();
    } catch (error) {
      if (!signal.aborted) warn(log, what, error);
    }
  };
  await attempt('The wait for experts was cut short', () =>
    Promise.race([
      rest,
      untilExperts(market, tourExperts, signal),
      delay(waitForExpertsMs, undefined, { signal }),
    ]),
  );
  const ready = attempt('The wait was cut short', () => untilReady(market.service, log, signal));
  await Promise.race([ready, rest.then(() => delay(settleInMs, undefined, { signal })).catch(() => {})]);
  const isReady = market.service.readiness().isReady;
  if (options.hasTour && isReady) await attempt('The tour was cut short', () => tour(market, log, signal));
  // Nobody is told to try what cannot work yet.
  const tellUsage = (): void => {
    if (!signal.aborted) usage(log, gatewayUrl, options, market.firstMarket);
  };
  if (isReady) tellUsage();
  else void ready.then(tellUsage);
  // The operator sees the texts that he himself sent with the key of this directory, and nobody else's.
  market.service.subscribe((_, toldTo) => {
    const event = toldTo(market.clientAccount);
    if ('job' in event) log.job(event.job, elsewhere(market, event.job));
    else if (event.type === 'expert-slashed')
      log.say(`${event.name} loses ${formatCredits(event.amountMicro)} cr of stake: ${event.reason}`, {
        event: event.type,
        ...event,
      });
  });
  let newcomers = 0;
  void rest.then(() => {
    for (const { name } of chooseExperts(options.experts)) {
      if (!isOnProbation(market, name)) continue;
      askForNewcomer(house);
      newcomers += 1;
    }
    // After the expert of the same model, which makes its files the first time.
    return attempt('Texts are looked at by the founding model', () => router.becomeCheap());
  });
  await attempt('The specialists are left out', async () => {
    const joined = await addSpecialists({
      market,
      host,
      dataDir: options.dataDirectory,
      isTrainingAllowed: options.hasTraining,
      isPricing: options.hasPricing,
      house,
      log,
      signal,
    });
    newcomers += joined;
  });
  await rest;
  await attempt('House jobs have ended', async () => {
    await house.idle();
    if (newcomers === 0) return;
    wins = createWinTable();
    house.ask(sampleKinds, finalJobs);
    await house.idle();
  });
  const table = wins?.render();
  if (table !== undefined && !signal.aborted) {
    log.say('');
    log.say(paint('bold', `Who wins what, now that everybody is in: the last ${finalJobs} house jobs`));
    log.say(table);
    log.say('');
  }
  if (options.hasTraining)
    await attempt('The calibration grows no further', () =>
      market.experts.growCalibration(calibrationPieces, signal),
    );
}

function untilExperts(market: EmbeddedMarket, count: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const serving = (): number =>
      market.service.status().experts.filter(({ state }) => state === 'serving').length;
    if (serving() >= count) return resolve();
    const unsubscribe = market.service.subscribe((event) => {
      if (event.type !== 'expert-joined' || serving() < count) return;
      unsubscribe();
      resolve();
    });
    signal.addEventListener('abort', () => {
      unsubscribe();
      resolve();
    });
  });
}

/** Where a job was done, if not in the first market. */
function elsewhere(market: EmbeddedMarket, job: JobSummary): { market: string; feeBps: number } | undefined {
  if (job.market === undefined || job.market === market.firstMarket) return undefined;
  const terms = market.ledger.market(job.market)?.terms;
  return terms === undefined ? undefined : { market: job.market, feeBps: terms.parameters.feeBps };
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
