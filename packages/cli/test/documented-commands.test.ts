import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { createProgram } from '../src/program.ts';

const root = join(import.meta.dirname, '../../..');
const pages = globSync(['*.md', 'docs/**/*.md', 'packages/*/*.md'], { cwd: root });

/** `moe …` in code, as lines and inside sentences; what stands behind `|`, `;`, `#`, `>` or a closing backtick is none of it. */
function commandsIn(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8').replaceAll('\\\n', ' ');
  const blocks = [...text.matchAll(/^```[a-z]*\n([\s\S]*?)^```/gm)].flatMap(([, block]) =>
    block!.split('\n'),
  );
  const inline = [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`(moe [^`]+)`/g)].map(
    ([, code]) => code!,
  );
  return [...blocks, ...inline].flatMap((line) => {
    const found = /^\s*(?:\$ )?(?:npm run --silent moe -- |moe )([a-z].*)$/.exec(line);
    return found === null ? [] : [found[1]!.split(/ [|;#>]|`|\)/)[0]!.trim()];
  });
}

function problemOf(line: string, program: Command): string | undefined {
  const words = line.split(/\s+/);
  let command = program;
  while (words.length > 0) {
    const next = command.commands.find(
      (each) => each.name() === words[0] || each.aliases().includes(words[0]!),
    );
    if (next === undefined) break;
    command = next;
    words.shift();
  }
  if (command === program && !words[0]!.startsWith('-') && words[0] !== 'help')
    return `no command "${words[0]}"`;
  const group = command.commands.length > 0 && words[0] !== undefined && /^[a-z]+$/.test(words[0]);
  if (group) return `"${command.name()}" has no "${words[0]}"`;
  for (const word of words) {
    const flag = /^--[a-z][a-z-]*|^-[a-zA-Z]$/.exec(word)?.[0];
    if (flag === undefined || ['--help', '-h', '--version'].includes(flag)) continue;
    if (!command.options.some(({ long, short }) => long === flag || short === flag))
      return `"${command.name()}" has no ${flag}`;
  }
  const isWhole = words.length > 0 && !words.includes('…') && !words.includes('--help');
  const lacks = command.options.find(
    ({ mandatory, long, short }) => mandatory && !words.some((word) => word === long || word === short),
  );
  return isWhole && lacks !== undefined ? `"${command.name()}" needs ${lacks.long}` : undefined;
}

it('every command and option that a page names is there', async () => {
  const program = await createProgram(() => {});
  const lines = pages.flatMap((page) => commandsIn(page).map((line) => ({ page, line })));
  expect(lines.length).toBeGreaterThan(80);
  const wrong = lines.flatMap(({ page, line }) => {
    const problem = problemOf(line, program);
    return problem === undefined ? [] : [`${page}: moe ${line}: ${problem}`];
  });
  expect(wrong).toEqual([]);
});

it('every command is on the page of the command line, or on one that it leads to', async () => {
  const text = pages.map((page) => readFileSync(join(root, page), 'utf8')).join('\n');
  const missing = (await createProgram(() => {})).commands
    .map((command) => command.name())
    .filter((name) => !new RegExp(`moe ${name}\\b|moe -- ${name}\\b`).test(text));
  expect(missing).toEqual([]);
});
