import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createModelHost } from '@moe/experts';
import { createGateway } from '@moe/gateway';
import { openEmbeddedMarket } from '@moe/node';
import type { UpOptions } from '../commands/up.ts';
import { createLog } from './log.ts';
import { addExperts, chooseExperts, openExpert } from './start-experts.ts';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

/** `moe up`: the embedded market, until Ctrl-C. */
export async function up(options: UpOptions): Promise<void> {
  const log = createLog(options.isJson);
  const chosen = chooseExperts(options.experts);
  const [founding, ...others] = chosen;
  const host = createModelHost({ modelsDir: join(options.dataDirectory, 'models') });
  const startedMs = performance.now();
  const market = await openEmbeddedMarket({
    dataDir: options.dataDirectory,
    founding: await openExpert(host, founding!),
    founders: chosen.filter(({ startup }) => startup === 'immediate').map(({ name }) => name),
    countTokens: (text) => host.countTokens(text),
    version: manifest.version,
    onWarning: (message) => log.say(message, { event: 'warning', message }),
  });
  console.log('market open', Math.round(performance.now() - startedMs));
  await addExperts(
    market,
    host,
    others.filter(({ startup, speed }) => startup === 'immediate' && speed !== 'slow'),
    log,
  );
  console.log('experts', Math.round(performance.now() - startedMs));
  const gateway = await createGateway({
    service: market.service,
    host: options.host,
    port: options.port,
    demoKey: market.apiKey,
  });
  market.service.subscribe((event) => {
    if ('job' in event) log.job(event.job);
    else console.log(event.type);
  });
  console.log(gateway.url, Math.round(performance.now() - startedMs));
  const stop = async () => {
    await gateway.close();
    await market.close();
    await host.close();
    process.exit(0);
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  for (let i = 0; i < 5; i++) {
    const t = performance.now();
    const r = await market.service.embed({
      account: market.clientAccount,
      market: 'text-embedding' as never,
      texts: [
        'The old lighthouse keeper climbed the stairs every evening to light the lamp that guided the ships safely past the rocks. ' +
          i,
      ],
    });
    console.log('embedded', Math.round(performance.now() - t), r[0]!.receiptId);
  }
}
