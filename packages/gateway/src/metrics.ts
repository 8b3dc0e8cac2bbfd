import type { MarketStatus, ServedMarket } from '@market-of-experts/api/status';
import type { Amount } from '@market-of-experts/core';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Admission } from './admission.ts';
import type { EventHub } from './event-hub.ts';

const latencyBucketsSeconds = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

/** What the gateway tells Prometheus. */
export interface Metrics {
  observeRequest(route: string, method: string, status: number, seconds: number): void;
  observeTexts(texts: number, bytes: number): void;
  /** The text format of Prometheus, version 0.0.4. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** Values of the market are read from one status per scrape, so that they cost nothing between scrapes. */
export function createMetrics(components: {
  readonly readStatus: () => MarketStatus;
  readonly admission: Admission;
  readonly events: EventHub;
}): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'moe_' });

  const requestSeconds = new Histogram({
    name: 'moe_http_request_seconds',
    help: 'Time from the headers of a request to the end of its answer.',
    labelNames: ['route', 'method', 'status'],
    buckets: latencyBucketsSeconds,
    registers: [registry],
  });
  const texts = counter('moe_http_texts_total', 'Texts that were embedded for clients of this gateway.');
  const textBytes = counter('moe_http_text_bytes_total', 'Bytes (UTF-8) of these texts.');
  function counter(name: string, help: string): Counter {
    return new Counter({ name, help, registers: [registry] });
  }
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  gauge('moe_http_requests_active', 'Embedding requests at work.', () => components.admission.active);
  gauge('moe_http_requests_queued', 'Embedding requests that wait.', () => components.admission.queued);
  gauge('moe_events_clients', 'Clients of the event stream.', () => components.events.clients);
  total(
    'moe_events_dropped_total',
    'Event streams ended because the client was too slow.',
    () => components.events.dropped,
  );

  const { readStatus } = components;
  total('moe_settled_credits_total', 'Credits that settlement moved.', () =>
    credits(readStatus().settledMicro),
  );
  gauge('moe_pending_receipts', 'Receipts that wait for settlement.', () => readStatus().pendingReceipts);
  gauge('moe_history_records', 'Certified jobs that the history holds.', () => readStatus().history.records);
  gauge('moe_ledger_height', 'Entries in the ledger.', () => readStatus().ledger.height);
  labelled('moe_jobs_total', 'Jobs by outcome.', 'counter', 'outcome', (set) => {
    for (const [outcome, count] of Object.entries(readStatus().jobs)) set(outcome, count);
  });
  perExpert('moe_expert_jobs_total', 'Jobs that an expert took part in.', 'counter', (e) => e.jobs);
  perExpert('moe_expert_wins_total', 'Jobs that an expert won.', 'counter', (e) => e.wins);
  perExpert(
    'moe_expert_mean_loss',
    'Certified mean loss: 0 perfect, 0.5 chance.',
    'gauge',
    (e) => e.meanLoss,
  );
  perExpert(
    'moe_expert_calls_made_total',
    'Certified jobs in which another expert worked in its place.',
    'counter',
    (e) => e.callsMade.jobs,
  );
  perExpert(
    'moe_expert_calls_made_won_total',
    'Of these, jobs that were won so.',
    'counter',
    (e) => e.callsMade.wins,
  );
  perExpert(
    'moe_expert_calls_answered_total',
    'Certified jobs in which it worked in the place of another.',
    'counter',
    (e) => e.callsAnswered.jobs,
  );
  perExpert(
    'moe_expert_calls_answered_won_total',
    'Of these, jobs that it won so.',
    'counter',
    (e) => e.callsAnswered.wins,
  );
  perExpert(
    'moe_expert_ask_ratio',
    'Share of the fee that it asks when it is called, 0 to 1.',
    'gauge',
    (e) => e.askBps / 10_000,
  );
  perExpert('moe_expert_earned_credits_total', 'Credits earned.', 'counter', (e) => credits(e.earnedMicro));
  perExpert('moe_expert_slashed_credits_total', 'Credits slashed.', 'counter', (e) =>
    credits(e.slashedMicro),
  );
  perExpert('moe_expert_stake_credits', 'Credits at stake.', 'gauge', (e) => credits(e.stakeMicro));
  labelled('moe_experts', 'Experts by state.', 'gauge', 'state', (set) => {
    const counts = new Map<string, number>();
    for (const { state } of readStatus().experts) counts.set(state, (counts.get(state) ?? 0) + 1);
    for (const [state, count] of counts) set(state, count);
  });
  perMarket('moe_market_jobs_total', 'Jobs of a market by outcome.', 'counter', 'outcome', ({ jobs }) =>
    Object.entries(jobs),
  );
  perMarket('moe_market_experts', 'Experts of a market by state.', 'gauge', 'state', ({ experts }) => {
    const counts = new Map<string, number>();
    for (const { state } of experts) counts.set(state, (counts.get(state) ?? 0) + 1);
    return counts;
  });
  perMarket(
    'moe_market_settled_credits_total',
    'Credits that settlement moved in a market.',
    'counter',
    undefined,
    ({ settledMicro }) => [['', credits(settledMicro)]],
  );
  perMarket(
    'moe_market_pending_receipts',
    'Receipts of a market that wait for settlement.',
    'gauge',
    undefined,
    ({ pendingReceipts }) => [['', pendingReceipts]],
  );

  function total(name: string, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }
  function labelled(
    name: string,
    help: string,
    kind: 'counter' | 'gauge',
    label: string,
    read: (set: (value: string, count: number) => void) => void,
  ): void {
    const options = { name, help, labelNames: [label], registers: [registry] };
    const collect = (metric: Counter | Gauge) => {
      metric.reset();
      read((value, count) => metric.inc({ [label]: value }, count));
    };
    if (kind === 'counter')
      new Counter({
        ...options,
        collect() {
          collect(this);
        },
      });
    else
      new Gauge({
        ...options,
        collect() {
          collect(this);
        },
      });
  }
  /** Values of every market that is served, told apart by a second label where there is one. */
  function perMarket(
    name: string,
    help: string,
    kind: 'counter' | 'gauge',
    label: string | undefined,
    read: (market: ServedMarket) => Iterable<readonly [string, number]>,
  ): void {
    const options = {
      name,
      help,
      labelNames: ['market', ...(label === undefined ? [] : [label])],
      registers: [registry],
    };
    const collect = (metric: Counter | Gauge) => {
      metric.reset();
      for (const served of readStatus().served ?? [])
        for (const [value, count] of read(served))
          metric.inc({ market: served.id, ...(label === undefined ? {} : { [label]: value }) }, count);
    };
    if (kind === 'counter')
      new Counter({
        ...options,
        collect() {
          collect(this);
        },
      });
    else
      new Gauge({
        ...options,
        collect() {
          collect(this);
        },
      });
  }
  function perExpert(
    name: string,
    help: string,
    kind: 'counter' | 'gauge',
    read: (expert: MarketStatus['experts'][number]) => number | undefined,
  ): void {
    labelled(name, help, kind, 'expert', (set) => {
      for (const expert of readStatus().experts) {
        const value = read(expert);
        if (value !== undefined) set(expert.name, value);
      }
    });
  }

  return {
    observeRequest: (route, method, status, seconds) =>
      requestSeconds.observe({ route, method, status }, seconds),
    observeTexts(count, bytes) {
      texts.inc(count);
      textBytes.inc(bytes);
    },
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function credits(micro: Amount): number {
  return Number(micro) / 1e6;
}
