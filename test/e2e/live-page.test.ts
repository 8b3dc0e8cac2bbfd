/** The live page in a real browser. */
import type { PublishedEdition } from '@market-of-experts/api/editions';
import type { JobSummary } from '@market-of-experts/api/jobs';
import type { LedgerService } from '@market-of-experts/api/ledger-service';
import { createGateway, type Gateway } from '@market-of-experts/gateway/index';
import { embeddedMarketId } from '@market-of-experts/host/embedded-market';
import { browserPath, inBrowser } from '@market-of-experts/testing/browser';
import { testEditionListing } from '@market-of-experts/testing/test-edition';
import {
  blend,
  embedOne,
  expert,
  openTestMarket,
  temporaryDirectory,
} from '@market-of-experts/testing/test-market';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSimulatedMarket, type SimulatedMarket } from '../../packages/gateway/test/simulated-market.ts';

const longText =
  'The ship sailed past the headland at dawn and nobody on the shore believed it would return.';

describe('the live page', inBrowser, () => {
  let browser: Browser;
  let page: Page;
  let market: SimulatedMarket;
  let gateway: Gateway;
  let problems: string[];

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: browserPath(),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  });

  afterAll(() => browser?.close());

  beforeEach(async () => {
    market = createSimulatedMarket({ ledger: rankedLedger() });
    gateway = await createGateway({ service: market, port: 0, demoKey: market.apiKey });
    page = await browser.newPage({ viewport: { width: 1_400, height: 1_000 } });
    page.setDefaultTimeout(120_000);
    problems = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('dialog', (dialog) => {
      problems.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
  });

  afterEach(async () => {
    await page?.close();
    await gateway?.close();
  });

  const openPage = async () => {
    await page.goto(gateway.url);
    await page.getByText('live', { exact: true }).waitFor();
  };
  const embed = async (input: string, store = true) => {
    const response = await fetch(`${gateway.url}/v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${market.apiKey}` },
      body: JSON.stringify({ model: 'text-embedding', input, store }),
    });
    expect(response.status).toBe(200);
    return response.headers.get('x-moe-receipt')!;
  };
  const job = (receiptId: string) => page.locator(`.job[data-receipt="${receiptId}"]`);

  it('shows the experts in a table that can be read out', async () => {
    await openPage();
    const rows = page.getByRole('table').filter({ hasText: 'Mean loss' }).getByRole('row');
    await expect.poll(() => rows.count()).toBe(1 + market.status().experts.length);
    await page.getByRole('rowheader', { name: /minilm-l6 serving/ }).waitFor();
    await page.getByText('5 of 5 serving').waitFor();
    expect(problems).toEqual([]);
  });

  it('shows a job as it happens: the drawn, their losses, the winner, the fee, the receipt', async () => {
    await openPage();
    const receiptId = await embed(longText);
    await job(receiptId).waitFor();
    const { winner, members } = market.status().recentJobs[0]!;
    const winnerName = members.find((member) => member.id === winner)!.name;
    expect(await job(receiptId).locator('.job-text').textContent()).toBe(longText);
    expect(await job(receiptId).locator('.job-member').count()).toBe(members.length);
    expect(await job(receiptId).locator('.is-winner .name').textContent()).toBe(winnerName);
    expect(await job(receiptId).textContent()).toContain('0.00012 credits');
    expect(await page.locator('#announcement').textContent()).toContain(`${winnerName} won a text`);
    const widths = await job(receiptId)
      .locator('.bar > i')
      .evaluateAll((bars) => bars.map((bar) => (bar as HTMLElement).style.getPropertyValue('--share')));
    const losses = members.map((member) => member.loss!).sort((a, b) => a - b);
    for (const [index, loss] of losses.entries()) expect(Number(widths[index])).toBeCloseTo(loss / 0.6, 6);
    // The totals and the winner's earnings follow.
    await page.getByRole('row', { name: new RegExp(`${winnerName} .* 1 of 1 asks 40 % 0.00012`) }).waitFor();
    await job(receiptId).getByRole('link', { name: 'receipt' }).click();
    await page.waitForURL(`**/v1/receipts/${receiptId}`);
    expect(problems).toEqual([]);
  });

  it('shows who called whom, for which share, and what both made of it', async () => {
    await openPage();
    market.callFriendNext();
    const receiptId = await embed(longText);
    await job(receiptId).waitFor();
    const [caller] = market.status().recentJobs[0]!.members;
    const friend = caller!.friend!;
    const line = job(receiptId).locator('.is-winner .name');
    expect(await line.innerText()).toMatch(new RegExp(`${caller!.name}\\s*→[^]*${friend.name}[^]*40 %`));
    expect(await line.getAttribute('title')).toBe(
      `${caller!.name} called ${friend.name}, who worked in its place for 40 % of the fee`,
    );
    expect(await job(receiptId).locator('.friend').count()).toBe(1);
    expect(await page.locator('#announcement').textContent()).toContain(
      `${caller!.name}, who called ${friend.name}, won a text`,
    );
    await page
      .getByRole('row', { name: new RegExp(`^${caller!.name} .*made 1, won 1 asks 40 % 0.000072`) })
      .waitFor();
    await page
      .getByRole('row', { name: new RegExp(`^${friend.name} .*answered 1, won 1 asks 40 % 0.000048`) })
      .waitFor();
    await page.getByText('friends called').waitFor();
    expect(problems).toEqual([]);
  });

  it('shows the texts of one exam together, each with its losses and who is paid for it', async () => {
    await openPage();
    const [a, b] = ['first', 'second'].map((name) => ({ id: name, name, probation: false }));
    const exam: JobSummary = {
      receiptId: '1',
      together: 'exam-1',
      atMs: 1_700_000_000_000,
      mode: 'shard',
      kind: 'client',
      outcome: 'certified',
      members: [
        { ...a!, loss: 0.1 },
        { ...b!, loss: 0.3 },
      ],
      winner: 'first',
      feeMicro: 100n,
      durationMs: 3,
    };
    const other: JobSummary = {
      ...exam,
      receiptId: '2',
      members: [
        { ...a!, loss: 0.4 },
        { ...b!, loss: 0.2 },
      ],
      winner: 'second',
      feeMicro: 50n,
    };
    market.emit({ type: 'job-certified', job: exam });
    await job('1').waitFor();
    await job('1').getByText('exam', { exact: true }).waitFor();
    market.emit({ type: 'job-certified', job: other });
    const item = page.locator('.job.exam').last();
    await item.getByText('Exam of 2 texts').waitFor();
    expect(await page.locator('.job.exam').count()).toBe(1);
    expect(await item.locator('.job-member').allInnerTexts()).toEqual([
      expect.stringMatching(/first\s+✓\s1\/2\s· 0\.250/),
      expect.stringMatching(/second\s+✓\s1\/2\s· 0\.250/),
    ]);
    await item.getByText('0.00015 credits').waitFor();
    const text = item.locator('[data-receipt="2"]');
    expect(await text.isVisible()).toBe(false);
    await item.getByText('The loss on each text').click();
    expect(await text.innerText()).toMatch(/first 0\.400\s*✓ second 0\.200\s*0\.00005 credits/);
    expect(await text.getByRole('link', { name: 'receipt' }).getAttribute('href')).toBe('/v1/receipts/2');
    // What is open stays open, and what is known is not shown twice.
    market.emit({ type: 'job-certified', job: other });
    market.emit({ type: 'job-certified', job: { ...other, receiptId: '3' } });
    await item.getByText('Exam of 3 texts', { exact: true }).waitFor();
    market.emit({ type: 'job-certified', job: { ...other, receiptId: '4', together: 'exam-2', texts: 12 } });
    await page.getByText('Exam of 12 texts, 1 of them here').waitFor();
    expect(await text.isVisible()).toBe(true);
    expect(problems).toEqual([]);
  });

  it('shows a served text once, with its parts', async () => {
    await openPage();
    const ofPart = (name: string, receiptId: string): JobSummary => ({
      receiptId,
      together: 'x-0',
      texts: 12,
      atMs: 1_700_000_000_000,
      mode: 'route',
      kind: 'client',
      outcome: 'routed',
      members: [{ id: name, name, probation: false }],
      winner: name,
      feeMicro: 100n,
      durationMs: 3,
    });
    market.emit({ type: 'job-routed', job: ofPart('first', 'x-0') });
    market.emit({ type: 'job-routed', job: ofPart('second', 'y-0') });
    const item = page.locator('.job.served');
    await item.getByText('served by 2 parts').waitFor();
    expect(await item.count()).toBe(1);
    expect(await item.getByRole('listitem').allInnerTexts()).toEqual([
      expect.stringMatching(/first\s+0\.0001/),
      expect.stringMatching(/second\s+0\.0001/),
    ]);
    expect(await item.getByRole('link', { name: 'second' }).getAttribute('href')).toBe('/v1/receipts/y-0');
    expect(await item.locator('.job-foot').innerText()).toMatch(/0\.0002 credits\s*12 texts/);
    expect(problems).toEqual([]);
  });

  it('shows the edition in force, what its parts are paid and add, and how it came about', async () => {
    market.setEditions(firstEdition, secondEdition);
    await openPage();
    const card = page.locator('#edition');
    await card.getByText('Answers every text since epoch 30: 2 experts side by side, 576 numbers').waitFor();
    await card.getByText('text-embedding@2', { exact: true }).first().waitFor();
    await card.getByText('2,400 examined texts, published in epoch 33').waitFor();
    await card.getByText('bring the loss from 0.5, which is chance, to 0.150').waitFor();
    const rows = await card.locator('tbody tr').allInnerTexts();
    expect(rows).toEqual([
      expect.stringMatching(/minilm-l6\s+here\s+384\s+1\s+75\.0 %\s+0\.380/),
      expect.stringMatching(/code\s+away\s+192\s+0\.5\s+25\.0 %\s+−0\.030/),
    ]);
    await card.getByText('Editions so far').click();
    expect(await card.locator('#edition-history li').allInnerTexts()).toEqual([
      expect.stringMatching(
        /^text-embedding@2 from epoch 30.*chosen by 2,300 examined texts\s+adds code; drops lexical$/,
      ),
      expect.stringMatching(
        /^text-embedding@1 from epoch 0.*chosen by the market’s owner\s+minilm-l6, lexical$/,
      ),
    ]);
    expect(problems).toEqual([]);
  });

  it('shows an edition in equal parts where no exam has said otherwise', async () => {
    await openPage();
    await page.getByText('Paid in equal parts: too few texts have been examined').waitFor();
    await page.locator('#edition-parts').getByText('100.0 %').waitFor();
  });

  it('shows no word of a text whose client did not agree to it', async () => {
    await openPage();
    const receiptId = await embed(longText, false);
    await job(receiptId).waitFor();
    expect(await job(receiptId).locator('.job-text').textContent()).toBe('text of a client');
    expect(await page.content()).not.toContain(longText.slice(0, 20));
  });

  it('shows the last jobs of before it was opened', async () => {
    const receiptId = await embed(longText);
    await openPage();
    await job(receiptId).waitFor();
  });

  it.each([
    '<img src=x onerror="alert(1)"><script>alert(2)</script><b>bold</b> and so on, on, on, on, on, on, on',
    '"><svg onload=alert(3)> \u202e right to left </li></ol><a href="javascript:alert(4)">x</a>',
  ])('shows %s as text', async (text) => {
    await openPage();
    const receiptId = await embed(text);
    await job(receiptId).waitFor();
    expect(await job(receiptId).locator('.job-text').textContent()).toBe(text);
    expect(await job(receiptId).locator('img, script, b, svg').count()).toBe(0);
    expect(await page.locator('a[href^="javascript"]').count()).toBe(0);
    expect(problems).toEqual([]);
  });

  it('shows the running epoch and what the last ranking paid whom', async () => {
    await openPage();
    const rankedRow = (name: string) => page.locator('#ranking tbody tr').filter({ hasText: name });
    await rankedRow('honest').waitFor();
    expect(await rankedRow('honest').innerText()).toMatch(/100\s+98\.0 %\s+75\.0 %\s+0\.3075/);
    expect(await rankedRow('quiet').innerText()).toContain('silent');
    expect(await rankedRow('winner').innerText()).toMatch(/10\s+80\.0 %\s+100\.0 %\s+0\.41/);
    await page.getByText('Epoch 11 paid 0.82 credits, 0.1 of them to the market’s owner.').waitFor();
    await page.getByText('epoch 12').waitFor();
    await page.getByText('quiet (100 credits) is missing.').waitFor();
    expect(problems).toEqual([]);
  });

  it('tells the operator what to do, for as long as it is so', async () => {
    const notice =
      'The account of the API key has 3.2 prepaid credits left in "text-embedding", and is not topped up: the budget is spent. Add to it from another account: moe transfer client CREDITS --from WALLET.';
    market.setNotices(notice);
    await openPage();
    await page.locator('#notices li', { hasText: notice }).waitFor();
    market.setNotices();
    await embed(longText);
    await page.locator('#notices li').waitFor({ state: 'detached' });
    expect(problems).toEqual([]);
  });

  it('shows names of experts and trainings as text', async () => {
    const name = '<img src=x onerror=alert(1)>';
    await openPage();
    market.emit({ type: 'training-progressed', name, done: 1, total: 4, loss: 0.25 });
    await page.getByRole('progressbar', { name: `training of ${name}` }).waitFor();
    await page.getByText('25 % · loss 0.250').waitFor();
    market.emit({ type: 'training-progressed', name, done: 4, total: 4 });
    await expect.poll(() => page.getByRole('progressbar').count()).toBe(0);
    expect(await page.locator('.experts img').count()).toBe(0);
    expect(problems).toEqual([]);
  });

  it('shows experts whose names look alike told apart, and none whose name imitates our own marks', async () => {
    const directory = temporaryDirectory();
    // Nobody calls a friend: a line of a job then holds names alone.
    const parameters = { probationJobs: 0, maximumClaims: 0 };
    const real = await openTestMarket(directory.path, { parameters });
    await gateway.close();
    gateway = await createGateway({ service: real.service, port: 0 });
    try {
      // Like "mixed" and "grams" at a glance.
      for (const name of ['rnixed', 'Grams']) await real.experts.add(expert(name, blend(name, 0.6)));
      for (const name of ['★ words', 'words  ', 'wоrds', 'words won 0.05', 'words#aaaaaaaa', 'wo\u200brds'])
        await expect(real.experts.add(expert(name, blend('imitator', 0.4)))).rejects.toThrow();
      const { examId: receiptId } = await embedOne(real, longText, 'shard');
      await openPage();
      const shown = real.service.status().experts.map(({ id, name }) => ({ id, name }));
      expect(shown.filter(({ name }) => name.includes('#'))).toHaveLength(4);
      const plain = new Map([['words', 'words']]);
      for (const { node, name } of real.ledger.experts(embeddedMarketId))
        plain.set(name, name === 'words' ? name : `${name}#${node.slice(0, 8)}`);
      const names = (table: string) =>
        page.locator(`${table} .expert-name > span:first-child`).allInnerTexts();
      const expected = [...plain.values()].sort();
      await expect.poll(async () => (await names('#experts')).sort()).toEqual(expected);
      await expect.poll(async () => (await names('#ranked-experts')).sort()).toEqual(expected);
      for (const name of await job(receiptId).locator('.name').allInnerTexts())
        expect(expected).toContain(name);
      expect(problems).toEqual([]);
    } finally {
      await page.close();
      await gateway.close();
      await real.close();
      directory.remove();
    }
  });

  it('runs a typed text without ever seeing a key', async () => {
    const seen: string[] = [];
    page.on('response', async (response) => {
      if (!response.url().endsWith('/v1/events')) seen.push(await response.text().catch(() => ''));
    });
    page.on('request', (request) => seen.push(JSON.stringify(request.headers())));
    await openPage();
    await page.getByLabel('Try a text').fill(longText);
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByText('text-embedding@1 answered; experts were examined on it: 384 numbers').waitFor();
    await expect.poll(() => page.locator('.job').count()).toBe(1);
    expect(seen.join('\n')).toContain('try-form.js');
    expect(seen.join('\n')).not.toContain(market.apiKey);
    expect(problems).toEqual([]);
  });

  it('tells why a typed text was refused', async () => {
    await openPage();
    await page.getByLabel('Try a text').fill('   ');
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByText('The text in "text" is empty. Send some words.').waitFor();
  });

  it('goes on after the gateway was restarted', async () => {
    await openPage();
    const { port } = gateway;
    await gateway.close();
    await page.getByText('reconnecting').waitFor();
    gateway = await createGateway({ service: market, port });
    await page.getByText('live', { exact: true }).waitFor();
    const receiptId = await embed(longText);
    await job(receiptId).waitFor();
    // The new gateway has no demo key, so there is nothing to type into.
    await page.getByLabel('Try a text').waitFor({ state: 'hidden' });
  });

  it.each([400, 700, 1_100, 1_400])('fits a window %i pixels wide', async (width) => {
    await page.setViewportSize({ width, height: 900 });
    market.callFriendNext();
    const word = 'Donaudampfschifffahrtsgesellschaftskapitän'.repeat(5);
    await embed(`${word} ${longText}`);
    await openPage();
    await page.locator('.job').waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
  });
});

const listed = testEditionListing('text-embedding', [
  { name: 'minilm-l6', dimensions: 384 },
  { name: 'lexical', dimensions: 384 },
]);
const firstEdition = { ...listed, isInForce: false };
const [minilm, code] = testEditionListing('text-embedding', [
  { name: 'minilm-l6', dimensions: 384 },
  { name: 'code', dimensions: 192 },
]).parts;
const secondEdition = {
  ...testEditionListing('text-embedding', [], 2),
  fromEpoch: 30,
  dimensions: 576,
  parts: [
    { ...minilm!, lowersLoss: 0.38 },
    { ...code!, weight: 0.5, isHere: false, lowersLoss: -0.03 },
  ],
};
/** The same as the ledger tells of them. */
const publishedEditions = [
  { hash: firstEdition.hash },
  {
    hash: secondEdition.hash,
    exams: { texts: 2_300 },
    shares: { epoch: 33, millionths: [750_000, 250_000], exams: { texts: 2_400 } },
  },
] as unknown as PublishedEdition[];

/** What the page reads of a ledger: the running epoch, a ranking, and the editions. */
function rankedLedger(): LedgerService {
  const node = {
    node: 'a'.repeat(64),
    owner: `0x${'a'.repeat(40)}`,
    stakeMicro: 10_000_000n,
    incentive: 0,
    dividends: 0,
    consensus: 0,
    validatorTrust: 0,
    emissionMicro: 0n,
    permit: false,
    active: true,
    state: 'serving',
  };
  const validator = { ...node, role: 'validator', stakeMicro: 100_000_000n, permit: true };
  const metagraph = {
    rankedEpoch: 11,
    emittedMicro: 820_000n,
    ownerMicro: 100_000n,
    nodes: [
      { ...node, role: 'expert', shownAs: 'winner', consensus: 0.8, incentive: 1, emissionMicro: 410_000n },
      { ...validator, shownAs: 'honest', validatorTrust: 0.98, dividends: 0.75, emissionMicro: 307_500n },
      { ...validator, shownAs: 'quiet', active: false },
    ],
  };
  const epochStartedMs = Date.now();
  return {
    network: () => ({
      epoch: 12,
      epochStartedMs,
      epochEndsMs: epochStartedMs + 60_000,
      attendance: { sentences: ['quiet (100 credits) is missing.'] },
    }),
    metagraph: () => metagraph,
    editions: () => publishedEditions,
    market: () => ({}),
    height: () => 7,
  } as unknown as LedgerService;
}
