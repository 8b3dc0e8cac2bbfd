import { setTimeout as delay } from 'node:timers/promises';
import type { JobSummary } from '@market-of-experts/api/jobs';
import { formatCredits } from '@market-of-experts/core';
import type { EmbeddedMarket } from '@market-of-experts/host/embedded-market';
import { sampleKinds } from '@market-of-experts/training';
import { paint } from '../terminal/text.ts';
import { usage } from './greeting.ts';
import { openHouse } from './house.ts';
import type { UpLog } from './log.ts';
import { askForNewcomer, isOnProbation } from './newcomers.ts';
import { type RunningMarket, warn } from './running-market.ts';
import { addSpecialists } from './specialists.ts';
import { chooseExperts } from './start-experts.ts';
import { tour } from './tour.ts';
import { untilReady } from './until-ready.ts';
import { createWinTable, type WinTable } from './win-table.ts';

/** House jobs that one run pays for at most. */
const houseJobs = 400;
/** Of them, after the last newcomer has joined: they show who wins what. */
const finalJobs = 96;
/** The tour starts with five experts, or with those that are there after this long. */
const waitForExpertsMs = 8_000;
const tourExperts = 5;
/** Once all experts are in, what is still in the way will not go away by waiting. */
const settleInMs = 1_000;

/**
 * What happens while the market serves: tour, training, house jobs. `rest` resolves once the experts have
 * joined that were still on their way.
 */
export async function whileServing(
  running: RunningMarket,
  { gatewayUrl, rest }: { gatewayUrl: string; rest: Promise<void> },
): Promise<void> {
  const { market, log, options, signal } = running;
  /** Counts once everybody is in. */
  let wins: WinTable | undefined;
  const house = openHouse({
    market,
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
    if (!signal.aborted) usage(running, gatewayUrl);
  };
  if (isReady) tellUsage();
  else void ready.then(tellUsage);
  tellOfEvents(market, log);
  let newcomers = 0;
  void rest.then(() => {
    for (const { name } of chooseExperts(options.experts)) {
      if (!isOnProbation(market, name)) continue;
      askForNewcomer(house);
      newcomers += 1;
    }
  });
  await attempt('The specialists are left out', async () => {
    const joined = await addSpecialists(running, house);
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

/** The operator sees the texts that he himself sent with the key of this directory, and nobody else's. */
function tellOfEvents(market: EmbeddedMarket, log: UpLog): void {
  market.service.subscribe((_, toldTo) => {
    const event = toldTo(market.clientAccount);
    if ('job' in event) log.job(event.job, elsewhere(market, event.job));
    else if (event.type === 'expert-slashed')
      log.say(`${event.name} loses ${formatCredits(event.amountMicro)} cr of stake: ${event.reason}`, {
        event: event.type,
        ...event,
      });
  });
}

/** Where a job was done, if not in the first market. */
function elsewhere(market: EmbeddedMarket, job: JobSummary): { market: string; feeBps: number } | undefined {
  if (job.market === undefined || job.market === market.firstMarket) return undefined;
  const terms = market.ledger.market(job.market)?.terms;
  return terms === undefined ? undefined : { market: job.market, feeBps: terms.parameters.feeBps };
}
