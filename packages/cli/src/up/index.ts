import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { formatCredits, messageOf } from '@moe/core';
import { createModelHost, type ModelHost } from '@moe/experts';
import { createGateway } from '@moe/gateway';
import { type EmbeddedMarket, embeddedMarketId, openEmbeddedMarket } from '@moe/node';
import type { UpOptions } from '../commands/up.ts';
import { paint } from '../terminal/text.ts';
import { openHouse } from './house.ts';
import { createLog, type UpLog } from './log.ts';
import { addSpecialists } from './specialists.ts';
import { addExperts, chooseExperts, openExpert } from './start-experts.ts';
import { createWinTable, tour } from './tour.ts';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};
/** House jobs that one run pays for at most. */
const houseJobs = 400;
/** The tour starts with five experts, or with those that are there after this long. */
const waitForExpertsMs = 8_000;
const tourExperts = 5;
const calibrationPieces = 4_096;

/** `moe up`: the embedded market, until Ctrl-C. */
export async function up(options: UpOptions): Promise<void> {
  const startedMs = performance.now();
  const log = createLog(options.isJson);
  const chosen = chooseExperts(options.experts);
  const [founding, ...others] = chosen;
  const stop = new AbortController();
  const host = createModelHost({ modelsDir: join(options.dataDirectory, 'models') });
  const closers: (() => Promise<unknown>)[] = [() => host.close()];
  const shutDown = async (): Promise<void> => {
    log.background(undefined);
    for (const close of closers.reverse()) await close().catch((error: unknown) => log.say(messageOf(error)));
    log.stop();
  };
  const stopped = onStopSignal(() => {
    log.say('Stopping: open jobs are finished and settled. Press Ctrl-C again to stop at once.', {
      event: 'stopping',
    });
    stop.abort(new Error('The market is stopping.'));
  });

  try {
    log.say(paint('bold', 'Market of Experts'));
    log.background('building and loading all-MiniLM-L6-v2, the founding expert');
    const market = await openEmbeddedMarket({
      dataDir: options.dataDirectory,
      founding: await openExpert(host, founding!),
      founders: chosen.filter(({ startup }) => startup === 'immediate').map(({ name }) => name),
      countTokens: (text) => host.countTokens(text),
      version: manifest.version,
      onWarning: (message) => log.say(message, { event: 'warning', message }),
    });
    closers.push(() => market.close());
    log.background('experts compute their vectors of the calibration set');
    const quick = others.filter(({ startup, speed }) => startup === 'immediate' && speed !== 'slow');
    const slow = others.filter(({ name }) => !quick.some((expert) => expert.name === name));
    await addExperts(market, host, quick.slice(0, 2), log);
    const rest = addExperts(market, host, [...quick.slice(2), ...slow], log);
    const gateway = await createGateway({
      service: market.service,
      host: options.host,
      port: options.port,
      ...(isLoopback(options.host) ? { demoKey: market.apiKey } : {}),
    });
    closers.push(() => gateway.close());
    log.background(undefined);
    greet(log, gateway.url, options, market, performance.now() - startedMs);

    const work = run({ market, log, options, gatewayUrl: gateway.url, signal: stop.signal, rest, host });
    await Promise.race([stopped, work.then(() => stopped)]);
    stop.abort(new Error('The market is stopping.'));
    await work.catch(() => undefined);
  } finally {
    await shutDown();
  }
  log.say('Stopped. Balances, history and models are kept; start again to go on.', { event: 'stopped' });
  process.exit(0);
}

/** What happens while the market serves: tour, training, house jobs, growing calibration. */
async function run(running: {
  readonly market: EmbeddedMarket;
  readonly host: ModelHost;
  readonly log: UpLog;
  readonly options: UpOptions;
  readonly gatewayUrl: string;
  readonly signal: AbortSignal;
  /** Experts that are still on their way. */
  readonly rest: Promise<void>;
}): Promise<void> {
  const { market, host, log, options, gatewayUrl, signal, rest } = running;
  const wins = createWinTable();
  const house = openHouse({
    market,
    marketId: embeddedMarketId,
    budget: houseJobs,
    signal,
    onJob: (kind, job) => wins.record(kind, job),
  });
  try {
    await Promise.race([
      rest,
      untilExperts(market, tourExperts, signal),
      delay(waitForExpertsMs, undefined, { signal }),
    ]);
    if (options.hasTour) await tour(market, log, signal);
    usage(log, gatewayUrl, options);
    market.service.subscribe((event) => {
      if ('job' in event) log.job(event.job);
      else if (event.type === 'expert-slashed')
        log.say(`${event.name} loses ${formatCredits(event.amountMicro)} cr of stake: ${event.reason}`, {
          event: event.type,
          ...event,
        });
    });
    await addSpecialists({
      market,
      host,
      dataDir: options.dataDirectory,
      isTrainingAllowed: options.hasTraining,
      house,
      log,
      signal,
    });
    await rest;
    await house.idle();
    const table = wins.render();
    if (table !== undefined && !signal.aborted) {
      log.say('');
      log.say(paint('bold', 'Who wins what, from the house jobs of this run'));
      log.say(table);
      log.say('');
    }
    if (options.hasTraining) await market.experts.growCalibration(calibrationPieces, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function greet(log: UpLog, url: string, options: UpOptions, market: EmbeddedMarket, tookMs: number): void {
  log.say(`Open after ${(tookMs / 1000).toFixed(1)} s at ${paint(['bold', 'underline'], url)}  (live page)`, {
    event: 'market-opened',
    url,
    dataDirectory: options.dataDirectory,
    tookMs: Math.round(tookMs),
  });
  log.say(
    paint('dim', `Data in ${options.dataDirectory}; API key in ${join(options.dataDirectory, 'api-key')}`),
  );
  const { certified } = market.service.status().jobs;
  if (certified > 0) log.say(`Resumed: ${certified} certified jobs so far.`);
}

function usage(log: UpLog, gatewayUrl: string, options: UpOptions): void {
  const key = `"$(cat ${join(options.dataDirectory, 'api-key')})"`;
  log.say('Try it:');
  log.say(
    paint(
      'cyan',
      `  curl ${gatewayUrl}/v1/embeddings -H "Authorization: Bearer "${key} -H 'Content-Type: application/json' -d '{"model":"text-embedding","input":"Twelve words or more let the experts compete for your text, so write a little."}'`,
    ),
  );
  log.say(
    paint(
      'cyan',
      `  new OpenAI({ baseURL: '${gatewayUrl}/v1', apiKey }).embeddings.create({ model: 'text-embedding', input })`,
    ),
  );
  log.say(paint('dim', '  Every job from here on is one line: ★ the winner, losses, fee. Ctrl-C stops.'));
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

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** Resolves at the first Ctrl-C (or SIGTERM); the second ends the process at once. */
function onStopSignal(onFirst: () => void): Promise<void> {
  return new Promise((resolve) => {
    let isStopping = false;
    for (const name of ['SIGINT', 'SIGTERM'] as const)
      process.on(name, () => {
        if (isStopping) process.exit(130);
        isStopping = true;
        onFirst();
        resolve();
      });
  });
}
