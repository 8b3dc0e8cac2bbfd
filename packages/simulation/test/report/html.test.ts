/** The report, also in a real browser. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { browserPath, inBrowser } from '@market-of-experts/testing/browser';
import { chromium } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { simulate } from '../../src/engine.ts';
import type { RunResult } from '../../src/metrics/result.ts';
import { reportHtml } from '../../src/report/html.ts';
import { makeReport } from '../../src/report/report.ts';
import { testScenario } from '../test-scenario.ts';

const scenario = testScenario({ name: 'a </script><b>', question: 'Is <i>this</i> a "question"?' });
const steps = simulate(scenario);
let step = steps.next();
while (!step.done) step = steps.next();
const result: RunResult = step.value;
const html = reportHtml(
  makeReport([
    { run: { name: 'with & without', scenario }, result },
    { run: { name: '</script><script>alert(1)</script>', scenario }, result },
  ]),
);

describe('the report', () => {
  it('holds text, not markup, of the scenario', () => {
    expect(html).not.toContain('<i>this</i>');
    expect(html).not.toContain('<script>alert(1)');
    expect(html).toContain('with &#38; without');
  });

  it('draws its charts in a browser, without errors and without loading anything', inBrowser, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'moe-report-'));
    const browser = await chromium.launch({
      executablePath: browserPath(),
      args: ['--no-sandbox', '--disable-gpu'],
    });
    try {
      const path = join(folder, 'report.html');
      await writeFile(path, html);
      const page = await browser.newPage();
      page.setDefaultTimeout(120_000);
      const problems: string[] = [];
      const requests: string[] = [];
      page.on('console', (message) => problems.push(message.text()));
      page.on('pageerror', (error) => problems.push(error.message));
      page.on('request', (request) => requests.push(request.url()));
      await page.goto(pathToFileURL(path).href);
      expect(await page.locator('.uplot canvas').count()).toBe(2 + 2 * 5);
      expect(await page.locator('.table tbody tr').count()).toBe(2 + 2 * result.groups.length);
      expect(await page.title()).toBe('a </script><b> · Market of Experts');
      expect(problems).toEqual([]);
      expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([pathToFileURL(path).href]);
    } finally {
      await browser.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
