/** `npm run bench -- NAME [--json] [options]`: runs one benchmark; `--json` prints one object as the last line. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = import.meta.dirname;
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts' && !file.endsWith('.test.ts'))
  .map((file) => file.slice(0, -3))
  .sort();

const [name, ...args] = process.argv.slice(2);
const isHelp = name === undefined || name === '--help' || name === '-h';
if (isHelp || !existsSync(join(folder, `${name}.ts`)) || !names.includes(name)) {
  const text = `Usage: npm run bench -- NAME [--json]\n\nBenchmarks: ${names.join(', ')}\n\nExample: npm run bench -- job --json`;
  if (isHelp) console.log(text);
  else console.error(`There is no benchmark "${name}".\n\n${text}`);
  process.exit(isHelp ? 0 : 2);
}

interface Benchmark {
  run(options: { readonly json: boolean; readonly args: readonly string[] }): Promise<unknown>;
}
// Notes about this machine are kept outside the data directories: here outside the user's own, too.
const state = mkdtempSync(join(tmpdir(), 'moe-bench-state-'));
process.env.XDG_STATE_HOME = state;
process.on('exit', () => rmSync(state, { recursive: true, force: true }));
const json = args.includes('--json');
const benchmark = (await import(join(folder, `${name}.ts`))) as Benchmark;
const result = await benchmark.run({ json, args: args.filter((argument) => argument !== '--json') });
if (json) console.log(JSON.stringify(result));
process.exit(0);
