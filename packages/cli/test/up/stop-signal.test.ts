import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';

const module = pathToFileURL(resolve(import.meta.dirname, '../../src/up/stop-signal.ts')).href;
/** Waits to be stopped, says so, and takes its time to end. */
const program = `
  import { stopSignal } from '${module}';
  const busy = setInterval(() => {}, 1_000);
  const { signal } = stopSignal(() => process.stdout.write('stopping\\n'));
  signal.addEventListener('abort', () => {
    process.stdin.once('data', () => {
      clearInterval(busy);
      process.stdin.destroy();
      process.stdout.write('stopped in order\\n');
    });
  });
  process.stdout.write('running\\n');
`;

async function stoppedBy(sent: readonly NodeJS.Signals[], mayEnd: boolean) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
  const lines: string[] = [];
  const waiting = new Map<string, () => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.trim().split('\n')) {
      lines.push(line);
      waiting.get(line)?.();
    }
  });
  const exited = once(child, 'exit');
  const said = (line: string): Promise<void> =>
    Promise.race([
      new Promise<void>((done) => (lines.includes(line) ? done() : waiting.set(line, done))),
      exited.then(() => Promise.reject(new Error(`It ended without saying "${line}".`))),
    ]);
  await said('running');
  const [first, ...others] = sent;
  child.kill(first);
  await said('stopping');
  for (const signal of others) child.kill(signal);
  child.stdin.on('error', () => {});
  if (mayEnd) child.stdin.write('go on\n');
  const [code, signal] = await exited;
  return { code, signal, lines };
}

describe('stopSignal', () => {
  it.each([
    [['SIGINT']],
    [['SIGTERM']],
    [['SIGHUP']],
    [['SIGHUP', 'SIGHUP']],
    [['SIGTERM', 'SIGHUP', 'SIGHUP']],
    // A supervisor's to the group, and the same passed on.
    [['SIGTERM', 'SIGTERM']],
    [['SIGHUP', 'SIGTERM']],
  ] as const)('ends in order at %s', async (sent) => {
    expect(await stoppedBy(sent, true)).toEqual({
      code: 0,
      signal: null,
      lines: ['running', 'stopping', 'stopped in order'],
    });
  });

  it.each([[['SIGINT', 'SIGINT']], [['SIGTERM', 'SIGINT']]] as const)('ends at once at %s', async (sent) => {
    expect(await stoppedBy(sent, false)).toMatchObject({ signal: sent[1], lines: ['running', 'stopping'] });
  });
});
