import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type MetricSources, marketMetrics, type ReadMetric } from './market-metrics.ts';

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

/** What is counted as it happens, and all that is read when Prometheus asks. */
export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'moe_' });
  const registers = [registry];
  const requestSeconds = new Histogram({
    name: 'moe_http_request_seconds',
    help: 'Time from the headers of a request to the end of its answer.',
    labelNames: ['route', 'method', 'status'],
    buckets: latencyBucketsSeconds,
    registers,
  });
  const texts = new Counter({
    name: 'moe_http_texts_total',
    help: 'Texts that were embedded for clients of this gateway.',
    registers,
  });
  const textBytes = new Counter({
    name: 'moe_http_text_bytes_total',
    help: 'Bytes (UTF-8) of these texts.',
    registers,
  });
  for (const metric of marketMetrics) register(metric, sources, registry);
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

function register(
  { name, kind, help, labels, read }: ReadMetric,
  sources: MetricSources,
  registry: Registry,
): void {
  const Kind: typeof Counter | typeof Gauge = kind === 'counter' ? Counter : Gauge;
  new Kind({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect(this: Counter | Gauge) {
      this.reset();
      for (const [value, ...of] of read(sources))
        this.inc(Object.fromEntries(labels.map((label, index) => [label, of[index]!])), value);
    },
  });
}
