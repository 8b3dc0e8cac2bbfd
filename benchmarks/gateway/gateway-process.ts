/**
 * A whole market with its gateway in a process of its own: `gateway-process.ts UPSTREAM_URL AUDIT_BPS`. Real
 * ledger in a temporary directory, prepaid account, receipts, tallies and settlements; the experts' models are
 * behind the upstream. Tells its port and key over IPC and its CPU time when asked; told to
 * close, it settles everything and reports.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateway } from '@market-of-experts/gateway/index';
import { openEmbeddedMarket } from '@market-of-experts/host/embedded-market';
import { createModelHost } from '@market-of-experts/models';

export interface GatewayStarted {
  readonly port: number;
  readonly apiKey: string;
}

/** What the ledger and the receipts say once all is settled. */
export interface GatewayReport {
  readonly routed: number;
  readonly certified: number;
  readonly refunded: number;
  readonly settledMicro: string;
  readonly paidMicro: string;
  readonly settlements: number;
}

const [upstreamUrl, auditBps] = process.argv.slice(2);
/** Three, so that there can be audits: those are full jobs. */
const names = ['first', 'second', 'third'] as const;

const dataDir = mkdtempSync(join(tmpdir(), 'moe-bench-gateway-'));
process.on('exit', () => rmSync(dataDir, { recursive: true, force: true }));
process.on('disconnect', () => process.exit(0));

const host = createModelHost({ modelsDir: join(dataDir, 'models') });
const specs = await Promise.all(
  names.map(async (name) => ({
    name,
    description: 'Behind the mock upstream.',
    backend: await host.open({
      kind: 'openai',
      name,
      baseUrl: upstreamUrl!,
      model: 'mock',
      dimensions: 384,
      encodingFormat: 'base64',
    }),
  })),
);
const market = await openEmbeddedMarket({
  dataDir,
  founding: specs[0]!,
  founders: names,
  countTokens: host.countTokens,
  version: 'benchmark',
  parameters: { auditBps: Number(auditBps) },
});
for (const spec of specs.slice(1)) await market.experts.add(spec);
let settlements = 0;
market.service.subscribe((event) => {
  if (event.type === 'settlement-applied') settlements += 1;
});
const before = market.service.balance(market.clientAccount).availableMicro;
const gateway = await createGateway({ service: market.service, port: 0 });
process.send?.({ port: gateway.port, apiKey: market.apiKey } satisfies GatewayStarted);

process.on('message', async (order: 'cpu' | 'close') => {
  if (order === 'cpu') {
    process.send?.(process.cpuUsage());
    return;
  }

  await gateway.close();
  await market.close();
  const { jobs, settledMicro } = market.service.status();
  const { availableMicro, reservedMicro } = market.service.balance(market.clientAccount);
  process.send?.(
    {
      ...jobs,
      settledMicro: String(settledMicro),
      paidMicro: String(before - availableMicro - reservedMicro),
      settlements,
    } satisfies GatewayReport,
    () => process.exit(0),
  );
});
