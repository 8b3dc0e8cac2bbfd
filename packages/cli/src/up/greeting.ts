import { join } from 'node:path';
import { paint } from '../terminal/text.ts';
import type { RunningMarket } from './running-market.ts';

/** Where the market answers and where its data are. */
export function greet({ market, options, log }: RunningMarket, url: string, tookMs: number): void {
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

/** What to type to use the market. */
export function usage({ market, options, log }: RunningMarket, gatewayUrl: string): void {
  const model = market.firstMarket;
  const key = `$(cat '${join(options.dataDirectory, 'api-key').replaceAll("'", "'\\''")}')`;
  log.say('Try it:');
  log.say(
    paint(
      'cyan',
      `  curl ${gatewayUrl}/v1/embeddings -H "Authorization: Bearer ${key}" -H 'Content-Type: application/json' -d '{"model":"${model}","input":"Twenty words or more let experts be examined on your text, so write a little more than you would have without this hint."}'`,
    ),
  );
  log.say(
    paint(
      'cyan',
      `  new OpenAI({ baseURL: '${gatewayUrl}/v1', apiKey }).embeddings.create({ model: '${model}', input })`,
    ),
  );
  log.say(
    paint(
      'dim',
      '  Every job from here on is one line: ★ the winner, losses, fee; a → b: a called b. Ctrl-C stops.',
    ),
  );
}
