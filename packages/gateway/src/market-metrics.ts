import type { MarketStatus, ServedMarket } from '@market-of-experts/api/status';
import type { Amount } from '@market-of-experts/core';
import type { Admission } from './admission.ts';
import type { EventHub } from './event-hub.ts';

/** What values are read from at a scrape. */
export interface MetricSources {
  readonly readStatus: () => MarketStatus;
  readonly admission: Admission;
  readonly events: EventHub;
}

/** A metric whose values are read when somebody asks, so that they cost nothing in between. */
export interface ReadMetric {
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  readonly help: string;
  readonly labels: readonly string[];
  /** Each value with those of its labels, in their order. */
  read(sources: MetricSources): Iterable<readonly [value: number, ...labels: string[]]>;
}

type Expert = MarketStatus['experts'][number];
type Head = readonly [name: string, kind: ReadMetric['kind'], help: string];

const one = ([name, kind, help]: Head, labels: readonly string[], read: ReadMetric['read']): ReadMetric => ({
  name,
  kind,
  help,
  labels,
  read,
});

/** One value. */
const single = (...[name, kind, help, read]: [...Head, (sources: MetricSources) => number]): ReadMetric =>
  one([name, kind, help], [], (sources) => [[read(sources)]]);

/** A value of each expert of the first market that has one. */
const perExpert = (...[name, kind, help, read]: [...Head, (expert: Expert) => number | undefined]) =>
  one([name, kind, help], ['expert'], ({ readStatus }) =>
    readStatus().experts.flatMap((expert): [number, string][] => {
      const value = read(expert);
      return value === undefined ? [] : [[value, expert.name]];
    }),
  );

/** Values of each market that is served, told apart by further labels. */
const perMarket = (
  ...[name, kind, help, labels, read]: [
    ...Head,
    readonly string[],
    (market: ServedMarket) => Iterable<readonly [number, ...string[]]>,
  ]
): ReadMetric =>
  one([name, kind, help], ['market', ...labels], ({ readStatus }) =>
    (readStatus().served ?? []).flatMap((market) =>
      [...read(market)].map(([value, ...rest]): [number, ...string[]] => [value, market.id, ...rest]),
    ),
  );

/** All metrics of the market and of what waits in its gateway; `docs/reference/http-api.md` tells of them. */
export const marketMetrics: readonly ReadMetric[] = [
  single('moe_http_requests_active', 'gauge', 'Embedding requests at work.', (s) => s.admission.active),
  single('moe_http_requests_queued', 'gauge', 'Embedding requests that wait.', (s) => s.admission.queued),
  single('moe_events_clients', 'gauge', 'Clients of the event stream.', (s) => s.events.clients),
  single(
    'moe_events_dropped_total',
    'counter',
    'Event streams ended because the client was too slow.',
    (s) => s.events.dropped,
  ),
  single('moe_settled_credits_total', 'counter', 'Credits that settlement moved.', (s) =>
    credits(s.readStatus().settledMicro),
  ),
  single(
    'moe_pending_receipts',
    'gauge',
    'Receipts that wait for settlement.',
    (s) => s.readStatus().pendingReceipts,
  ),
  single(
    'moe_history_records',
    'gauge',
    'Certified jobs that the history holds.',
    (s) => s.readStatus().history.records,
  ),
  single('moe_ledger_height', 'gauge', 'Entries in the ledger.', (s) => s.readStatus().ledger.height),
  one(['moe_jobs_total', 'counter', 'Jobs by outcome.'], ['outcome'], (s) => counts(s.readStatus().jobs)),
  perExpert('moe_expert_jobs_total', 'counter', 'Jobs that an expert took part in.', (e) => e.jobs),
  perExpert('moe_expert_wins_total', 'counter', 'Jobs that an expert won.', (e) => e.wins),
  perExpert(
    'moe_expert_mean_loss',
    'gauge',
    'Certified mean loss: 0 perfect, 0.5 chance.',
    (e) => e.meanLoss,
  ),
  perExpert(
    'moe_expert_calls_made_total',
    'counter',
    'Certified jobs in which another expert worked in its place.',
    (e) => e.callsMade.jobs,
  ),
  perExpert(
    'moe_expert_calls_made_won_total',
    'counter',
    'Of these, jobs that were won so.',
    (e) => e.callsMade.wins,
  ),
  perExpert(
    'moe_expert_calls_answered_total',
    'counter',
    'Certified jobs in which it worked in the place of another.',
    (e) => e.callsAnswered.jobs,
  ),
  perExpert(
    'moe_expert_calls_answered_won_total',
    'counter',
    'Of these, jobs that it won so.',
    (e) => e.callsAnswered.wins,
  ),
  perExpert(
    'moe_expert_ask_ratio',
    'gauge',
    'Share of the fee that it asks when it is called, 0 to 1.',
    (e) => e.askBps / 10_000,
  ),
  perExpert('moe_expert_earned_credits_total', 'counter', 'Credits earned.', (e) => credits(e.earnedMicro)),
  perExpert('moe_expert_slashed_credits_total', 'counter', 'Credits slashed.', (e) =>
    credits(e.slashedMicro),
  ),
  perExpert('moe_expert_stake_credits', 'gauge', 'Credits at stake.', (e) => credits(e.stakeMicro)),
  one(['moe_experts', 'gauge', 'Experts by state.'], ['state'], (s) => states(s.readStatus().experts)),
  perMarket('moe_market_jobs_total', 'counter', 'Jobs of a market by outcome.', ['outcome'], ({ jobs }) =>
    counts(jobs),
  ),
  perMarket('moe_market_experts', 'gauge', 'Experts of a market by state.', ['state'], ({ experts }) =>
    states(experts),
  ),
  perMarket(
    'moe_market_settled_credits_total',
    'counter',
    'Credits that settlement moved in a market.',
    [],
    ({ settledMicro }) => [[credits(settledMicro)]],
  ),
  perMarket(
    'moe_market_pending_receipts',
    'gauge',
    'Receipts of a market that wait for settlement.',
    [],
    ({ pendingReceipts }) => [[pendingReceipts]],
  ),
];

function counts(byName: Readonly<Record<string, number>>): [number, string][] {
  return Object.entries(byName).map(([name, count]) => [count, name]);
}

function states(experts: readonly Expert[]): [number, string][] {
  return [...Map.groupBy(experts, ({ state }) => state)].map(([state, group]) => [group.length, state]);
}

function credits(micro: Amount): number {
  return Number(micro) / 1e6;
}
