/**
 * Takes the charts of docs/concepts/simulation.md out of the reports that `moe simulate NAME -o FOLDER` wrote there:
 * `node packages/simulation/scripts/take-charts.ts FOLDER`. Needs a Chromium (MOE_BROWSER, or /usr/bin/chromium).
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

/** Report, place in it, title as it stands above the chart, and the name of the picture. */
const charts = [
  ['friends', '#overview', 'Loss of the winners, by run', 'friends-loss'],
  ['specialists', '#run-0', 'Places in the last quarter of the run', 'specialists-places'],
  [
    'demand-shift',
    '#run-0',
    'Competition follows demand: rank correlation over places',
    'demand-shift-correlation',
  ],
  ['demand-shift', '#run-0', 'Loss over time', 'demand-shift-loss'],
] as const;

const from = resolve(process.argv[2] ?? 'simulations');
const to = resolve(import.meta.dirname, '../../../docs/concepts/simulation');
mkdirSync(to, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.MOE_BROWSER ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1_220, height: 900 } });
  for (const [report, parent, title, name] of charts) {
    await page.goto(pathToFileURL(join(from, `${report}.html`)).href);
    const chart = page.locator(`${parent} .uplot`).filter({ has: page.getByText(title, { exact: true }) });
    await chart.screenshot({ path: join(to, `${name}.png`) });
  }
} finally {
  await browser.close();
}
