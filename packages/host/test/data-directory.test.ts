import { readdirSync, readFileSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import {
  embedOne,
  longText,
  openTestMarket,
  settled,
  temporaryDirectory,
} from '@market-of-experts/testing/test-market';
import { afterAll, beforeAll, expect, it } from 'vitest';

const directory = temporaryDirectory();
beforeAll(async () => {
  const market = await openTestMarket(directory.path);
  await embedOne(market, longText(1));
  await settled(market, 1);
  await market.close();
});
afterAll(() => directory.remove());

it('holds what the page of the architecture says, and nothing else', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/concepts/architecture.md'), 'utf8');
  const table = page.slice(page.indexOf('## Data directory'));
  const told = [...table.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`([^`]+)`/g)].map(([, path]) => path!.split('/')[0]!),
  );
  const found = readdirSync(directory.path);
  expect(found.filter((name) => !told.some((form) => matchesGlob(name, form)))).toEqual([]);
  /** There only when somebody has asked for it, or has opened another market, or while the market runs as a command. */
  const seldom = /^(models|markets|wallets|address|set-aside|lock.*|join.*|prepaid-budget.*|audits.json)$/;
  const missing = told.filter((form) => !seldom.test(form) && !found.some((name) => matchesGlob(name, form)));
  expect(missing).toEqual([]);
});
