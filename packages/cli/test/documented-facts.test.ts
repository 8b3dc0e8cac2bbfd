/** What pages tell of options, exit codes, events and messages, against the code. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { marketEventTypes } from '@market-of-experts/api/events';
import { expect, it } from 'vitest';
import { createProgram } from '../src/program.ts';
import { exitCodes } from '../src/terminal/exit-codes.ts';

const root = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const pages = globSync(['*.md', 'docs/**/*.md', 'packages/*/*.md'], { cwd: root });
const quoted = (text: string, form: RegExp): string[] => [...text.matchAll(form)].map(([, found]) => found!);

it('the exit codes of the command line are those of its page', () => {
  const told = quoted(read('docs/run/cli.md'), /^\| (\d{1,3}) +\|/gm).map(Number);
  expect(told).toEqual(Object.values(exitCodes).sort((a, b) => a - b));
});

it('the options of `moe up` and their defaults are those of the page of the start', async () => {
  const up = (await createProgram(() => {})).commands.find((command) => command.name() === 'up')!;
  const rows = [...read('docs/run/start.md').matchAll(/^\| `(--[a-z-]+)[^|]*\|([^|]*)\|([^|]*)\|/gm)];
  expect(rows.map(([, option]) => option).sort()).toEqual(up.options.map(({ long }) => long).sort());
  for (const [, long, environment, told] of rows) {
    const { defaultValue, description } = up.options.find((option) => option.long === long)!;
    const fallback = told!.replaceAll('`', '').trim();
    const inHelp = /default:? ([^);]+)/.exec(description)?.[1];
    const variable = environment!.replaceAll('`', '').trim();
    if (typeof defaultValue === 'string') expect(fallback, long).toBe(defaultValue);
    else if (inHelp !== undefined) expect(fallback, long).toBe(inHelp);
    if (variable !== '') expect(description, long).toContain(variable);
  }
});

it('the events of the page of the HTTP API are those that are sent, and the live page knows them', () => {
  const page = read('docs/reference/http-api.md');
  const told = quoted(
    page.slice(page.indexOf('## GET /v1/events')).split('\n\n')[1]!,
    /`([a-z]+-[a-z]+)`[,.]/g,
  );
  const types = [...marketEventTypes];
  expect([...new Set(told)].sort()).toEqual(types.sort());
  const live = read('packages/gateway/page/main.js');
  for (const type of types) expect(live).toContain(`'${type}'`);
});

it('the reasons of `/readyz` are those of the page', () => {
  const page = read('docs/reference/http-api.md');
  const table = page.slice(page.indexOf('`/readyz` answers'), page.indexOf('## Several markets'));
  const told = quoted(table, /^\| ((?:`[a-z-]+`(?:, )?)+) \|/gm).flatMap((cell) =>
    quoted(cell, /`([a-z-]+)`/g),
  );
  const given = [
    ...read('packages/host/src/service/readiness.ts'),
    ...read('packages/host/src/service/service.ts'),
  ];
  const codes = new Set(quoted(given.join(''), /code: '([a-z-]+)', message/g));
  expect(told.filter((code) => code !== 'code').sort()).toEqual(
    [...codes, ...quoted(given.join(''), /code: '([a-z-]+)',\n/g)]
      .filter((code, at, all) => all.indexOf(code) === at)
      .sort(),
  );
});

it('no page names a message, or what is signed, by a form that is none', () => {
  const sources = globSync('packages/*/src/**/*.ts', { cwd: root }).filter(
    (path) => !path.endsWith('.test.ts'),
  );
  const spoken = new Set(sources.flatMap((path) => quoted(read(path), /'(moe\/[a-z/-]+\/\d+)'/g)));
  expect(spoken.size).toBeGreaterThan(10);
  const named = pages.flatMap((page) =>
    quoted(read(page), /`(moe\/[a-z/-]+\/\d+)[@`]/g).map((name) => ({ page, name })),
  );
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter(({ name }) => !spoken.has(name))).toEqual([]);
});

it('every file and page that a page links to is there', () => {
  const broken = pages.flatMap((page) =>
    quoted(read(page), /\]\(([^)#\s]+)(?:#[^)]*)?\)/g)
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => globSync(join(page, '..', link).replace(/\/$/, ''), { cwd: root }).length === 0)
      .map((link) => `${page}: ${link}`),
  );
  expect(broken).toEqual([]);
});

it('every name that links to a source file is in it', () => {
  const links = pages.flatMap((page) =>
    [...read(page).matchAll(/\[`(\w+)`\]\(([^)#\s]+\.ts)\)/g)].map(([, name, link]) => ({
      name: name!,
      file: join(page, '..', link!),
    })),
  );
  expect(links.length).toBeGreaterThan(40);
  expect(links.filter(({ name, file }) => !new RegExp(`\\b${name}\\b`).test(read(file)))).toEqual([]);
});

it('every source file that a page names is there', () => {
  const sources = globSync(
    ['packages/*/{src,test,scripts}/**/*.ts', 'benchmarks/**/*.ts', 'scripts/**/*.ts'],
    { cwd: root },
  );
  const named = pages.flatMap((page) =>
    quoted(read(page), /`((?:[a-z-]+\/)+[a-z-]+(?:\.test)?\.ts)`/g).map((file) => ({ page, file })),
  );
  expect(named.length).toBeGreaterThan(5);
  expect(
    named.filter(
      ({ file }) =>
        !sources.some((source) =>
          [source, source.replace(/\/(?:src|test)\//, '/')].some((path) => `/${path}`.endsWith(`/${file}`)),
        ),
    ),
  ).toEqual([]);
});

it('every name of the code that a page quotes is in the code', () => {
  const code = globSync(['packages/*/{src,page,scripts}/**/*.{ts,js}', 'benchmarks/**/*.ts'], { cwd: root })
    .filter((path) => !path.endsWith('.test.ts'))
    .map(read)
    .join('\n');
  const words = new Set(code.match(/\w+/g));
  const quotes = pages.flatMap((page) =>
    quoted(read(page).replace(/^```[\s\S]*?^```/gm, ''), /`([a-z]+[A-Z][A-Za-z0-9]*)(?:\(\))?`/g).map(
      (name) => ({
        page,
        name,
      }),
    ),
  );
  expect(quotes.length).toBeGreaterThan(50);
  expect(quotes.filter(({ name }) => !words.has(name))).toEqual([]);
});

it('every anchor that a page links to is a heading', () => {
  const anchors = (page: string): Set<string> =>
    new Set(
      quoted(read(page).replace(/^```[\s\S]*?^```/gm, ''), /^#+ (.*)$/gm).map((title) =>
        title
          .toLowerCase()
          .replace(/[^\p{L}\p{N}\s_-]/gu, '')
          .replaceAll(' ', '-'),
      ),
    );
  const lost = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\(([^)#\s:]*)#([^)]+)\)/g)].flatMap(([, link, anchor]) => {
      const target = link === '' ? page : join(page, '..', link!);
      return target.endsWith('.md') && !anchors(target).has(anchor!) ? [`${page}: ${target}#${anchor}`] : [];
    }),
  );
  expect(lost).toEqual([]);
});

it('texts that say they have twenty words have as many, and so let experts be examined', () => {
  const texts = pages.flatMap((page) => quoted(read(page), /["'](Twenty words or more [^"']*)["']/g));
  expect(texts.length).toBeGreaterThan(2);
  for (const text of texts) expect(text.split(' ').length, text).toBeGreaterThanOrEqual(20);
});
