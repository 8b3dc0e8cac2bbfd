/**
 * What the market adds to a call: routed mode with a real embedded market whose experts are behind an
 * OpenAI-compatible mock upstream, against calling the upstream directly and against Portkey's gateway, interleaved
 * in one run. Every part is a process of its own on this machine: load generator, upstream, gateway under test.
 * Every request is paid for on the ledger; the benchmark fails when a credit is missing at the end.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { GatewayReport, GatewayStarted } from './gateway/gateway-process.ts';
import type { LoadOrder, LoadReport } from './gateway/load-process.ts';
import { installPortkey, startPortkey } from './gateway/portkey.ts';

const defaultRounds = 7;
const warmUpRequests = 2_000;
const singleRequests = 1_000;
const loadRequests = 8_000;
/** Portkey takes some ten times as long, and one audited request in twenty is a full job. */
const slowLoadRequests = 1_500;
const auditBps = 500;
const loadConnections = 32;
const commonWords =
  'the of and to in a is that for it as was with be by on not he his but at are this have from or had an they which one you were all her she there would their we him been has when who will no more if out so up said what its about than into them can only other time new some could these two may first then do any like my now over such our man me even most made after also did many fore must through'.split(
    ' ',
  );
const textBytes = 90;
const texts = Array.from({ length: 256 }, (_, index) => textOf(index));

interface Row {
  readonly name: 'direct' | 'ours' | 'portkey' | 'audited';
  readonly p50Ms: number;
  readonly requestsPerSecond: number;
  /** CPU time of the gateway's process under load: says more than times on a busy machine. */
  readonly cpuMicrosecondsPerRequest?: number;
}
type Target = Pick<LoadOrder, 'origin' | 'path' | 'headers' | 'bodies'> & { readonly name: Row['name'] };

export async function run(options: { readonly json: boolean; readonly args: readonly string[] }): Promise<{
  readonly rows: readonly Row[];
}> {
  const children: ChildProcess[] = [];
  try {
    return await measure(children, options);
  } finally {
    // Ours end by themselves when their channel closes, and take their data with them.
    for (const child of children)
      if (child.connected) child.disconnect();
      else child.kill('SIGKILL');
  }
}

async function measure(
  children: ChildProcess[],
  { json, args }: { readonly json: boolean; readonly args: readonly string[] },
) {
  const start = async (url: URL, ...args: string[]) => {
    const child = fork(fileURLToPath(url), args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    children.push(child);
    return child;
  };
  const portOf = async (child: ChildProcess) =>
    ((await once(child, 'message')) as [{ port: number }])[0].port;

  const rounds = Number(args[args.indexOf('--rounds') + 1]) || defaultRounds;
  const portkeyScript = installPortkey();
  const upstreamPort = await portOf(await start(new URL('./gateway/mock-upstream.ts', import.meta.url)));
  const upstream = `http://127.0.0.1:${upstreamPort}`;
  const startMarket = async (bps: number) => {
    const child = await start(
      new URL('./gateway/gateway-process.ts', import.meta.url),
      `${upstream}/v1`,
      String(bps),
    );
    const [started] = (await once(child, 'message')) as [GatewayStarted];
    return { child, ...started };
  };
  const ours = await startMarket(0);
  const audited = await startMarket(auditBps);
  const portkey = await startPortkey(portkeyScript);
  children.push(portkey.process);
  const load = await start(new URL('./gateway/load-process.ts', import.meta.url));

  const bodies = texts.map((input) =>
    JSON.stringify({ model: 'text-embedding', input, encoding_format: 'base64', moe: { mode: 'route' } }),
  );
  const headersOf = (key: string) => ['content-type', 'application/json', 'authorization', `Bearer ${key}`];
  const ofMarket = (name: 'ours' | 'audited', { port, apiKey }: GatewayStarted): Target => ({
    name,
    origin: `http://127.0.0.1:${port}`,
    path: '/v1/embeddings',
    headers: headersOf(apiKey),
    bodies,
  });
  const targets: Target[] = [
    { name: 'direct', origin: upstream, path: '/v1/embeddings', headers: headersOf('any'), bodies },
    ofMarket('ours', ours),
    {
      // Its embeddings route answers 500 with a custom host; its chat route works: same bytes both ways.
      name: 'portkey',
      origin: `http://127.0.0.1:${portkey.port}`,
      path: '/v1/chat/completions',
      headers: [
        ...headersOf('any'),
        'x-portkey-provider',
        'openai',
        'x-portkey-custom-host',
        `${upstream}/v1`,
      ],
      bodies: texts.map((text) => chatBody(text, bodies[0]!.length)),
    },
    ofMarket('audited', audited),
  ];
  const feeMicro = await feeOfText(targets[1]!);
  let paidRequests = 1;
  const drive = async (target: Target, connections: number, requests: number): Promise<LoadReport> => {
    const { name: _name, ...rest } = target;
    load.send({ ...rest, connections, requests } satisfies LoadOrder);
    const [report] = (await once(load, 'message')) as [LoadReport | { failure: string }];
    if ('failure' in report) throw new Error(`${target.name}: ${report.failure}`);
    if (target.name === 'ours') paidRequests += requests;
    return report;
  };

  for (const target of targets) await drive(target, loadConnections, warmUpRequests);
  const machineLoad = loadavg()[0]!;
  const cpuMicroseconds = async (): Promise<number> => {
    ours.child.send('cpu');
    const [{ user, system }] = (await once(ours.child, 'message')) as [NodeJS.CpuUsage];
    return user + system;
  };
  const cpuPerRequest: number[] = [];
  const single: Record<string, LoadReport[]> = {};
  const loaded: Record<string, LoadReport[]> = {};
  for (let round = 0; round < rounds; round += 1)
    for (const target of targets) {
      single[target.name] = [...(single[target.name] ?? []), await drive(target, 1, singleRequests)];
      const cpuBefore = await cpuMicroseconds();
      loaded[target.name] = [
        ...(loaded[target.name] ?? []),
        await drive(target, loadConnections, isSlow(target) ? slowLoadRequests : loadRequests),
      ];
      if (target.name === 'ours') cpuPerRequest.push(((await cpuMicroseconds()) - cpuBefore) / loadRequests);
    }

  const rows = targets.map(
    ({ name }): Row => ({
      name,
      p50Ms: round(median(single[name]!.map((report) => report.p50Ms)), 4),
      requestsPerSecond: round(median(loaded[name]!.map((report) => report.requestsPerSecond)), 0),
      ...(name === 'ours' ? { cpuMicrosecondsPerRequest: round(median(cpuPerRequest), 0) } : {}),
    }),
  );
  ours.child.send('close');
  const [report] = (await once(ours.child, 'message')) as [GatewayReport];
  const dueMicro = feeMicro * BigInt(paidRequests);
  if (BigInt(report.paidMicro) !== dueMicro || BigInt(report.settledMicro) !== dueMicro)
    throw new Error(
      `${paidRequests} requests cost ${dueMicro}; the ledger settled ${report.settledMicro} and took ${report.paidMicro}.`,
    );
  const answerBytes = Object.fromEntries(targets.map(({ name }) => [name, single[name]![0]!.answerBytes]));
  if (!json) {
    print(rows, answerBytes, machineLoad, rounds);
    console.log(
      `All ${paidRequests} requests to "ours" were paid: ${report.routed} tallies in ${report.settlements} settlements, ${dueMicro} micro-credits.`,
    );
  }
  return { rows, load: machineLoad, paidRequests, settlements: report.settlements };
}

function isSlow({ name }: Target): boolean {
  return name === 'portkey' || name === 'audited';
}

/** What the market asks for the text, from a first answer. */
async function feeOfText({ origin, path, headers, bodies }: Target): Promise<bigint> {
  const pairs = headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1]!]] : []));
  const answer = await fetch(origin + path, {
    method: 'POST',
    headers: Object.fromEntries(pairs),
    body: bodies[0]!,
  });
  if (!answer.ok) throw new Error(`The market answered ${answer.status}: ${await answer.text()}`);
  const { moe } = (await answer.json()) as { moe: { feeMicro: string } };
  return BigInt(moe.feeMicro);
}

function print(
  rows: readonly Row[],
  answerBytes: Record<string, number>,
  load: number,
  rounds: number,
): void {
  const direct = rows.find((row) => row.name === 'direct')!;
  const ours = rows.find((row) => row.name === 'ours')!;
  const portkey = rows.find((row) => row.name === 'portkey')!;
  console.log(
    `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}, load average ${load.toFixed(1)}`,
  );
  console.log(
    `One text of ${textBytes} bytes a request; ${rounds} interleaved rounds, medians. Concurrency 1 for p50, ${loadConnections} for throughput.\n`,
  );
  console.log('name      p50 ms   over direct   requests/s   answer bytes');
  for (const { name, p50Ms, requestsPerSecond } of rows)
    console.log(
      name.padEnd(8),
      p50Ms.toFixed(3).padStart(7),
      (p50Ms - direct.p50Ms).toFixed(3).padStart(13),
      String(requestsPerSecond).padStart(12),
      String(answerBytes[name]).padStart(14),
    );
  const verdict = (isMet: boolean) => (isMet ? 'met' : 'MISSED');
  console.log(`\nat most 0.3 ms over direct: ${verdict(ours.p50Ms - direct.p50Ms <= 0.3)}`);
  console.log(`below Portkey: ${verdict(ours.p50Ms < portkey.p50Ms)}`);
  console.log(`at least 5,000 requests/s: ${verdict(ours.requestsPerSecond >= 5_000)}`);
  console.log(
    `CPU time of the gateway with its market, under load: ${ours.cpuMicrosecondsPerRequest} µs a request.`,
  );
  console.log('The direct row is the ceiling of the load generator and the upstream together.');
  console.log(
    `"ours" is routed mode without audits; in "audited" the market runs ${auditBps / 100} % of routed requests as full jobs.`,
  );
}

/** Different words every time, always as many bytes: so all cost the same. */
function textOf(index: number): string {
  const words = Array.from(
    { length: 30 },
    (_, place) => commonWords[(index * 31 + place * place * 7) % commonWords.length]!,
  );
  return words
    .join(' ')
    .slice(0, textBytes - 1)
    .padEnd(textBytes, '.');
}

/** A chat request of exactly `bytes` bytes. */
function chatBody(text: string, bytes: number): string {
  const of = (content: string) => JSON.stringify({ model: 'mock', messages: [{ role: 'user', content }] });
  return of(text.padEnd(text.length + bytes - of(text).length, '.').slice(0, bytes - of('').length));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
