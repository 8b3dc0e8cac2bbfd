import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface InstalledMarket {
  readonly url: string;
  /** From the start of the process until it was open. */
  readonly openAfterMs: number;
  /** Ctrl-C; resolves with all that the market has said when it has ended. */
  stop(): Promise<string>;
}

/** Starts `command up` in a project in which it is installed. Rejects when it ends before it is open. */
export async function startInstalledMarket(
  project: string,
  [program, ...args]: readonly [string, ...string[]],
  { dataDirectory, env }: { readonly dataDirectory: string; readonly env: Readonly<Record<string, string>> },
): Promise<InstalledMarket> {
  const startedMs = performance.now();
  const options = ['--data', dataDirectory, '--port', '0', '--no-training', '--no-tour', '--json'];
  const child = spawn(program, [...args, 'up', ...options], {
    cwd: project,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A terminal's Ctrl-C reaches npx and the market at once: a group of their own, so that ours does, too.
    detached: true,
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  const ended = once(child, 'close');
  const opened = Promise.withResolvers<string>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    said += `${line}\n`;
    const { event, url } = JSON.parse(line) as { event?: string; url?: string };
    if (event === 'market-opened') opened.resolve(url!);
  });
  const endTooSoon = (error?: unknown): void =>
    opened.reject(new Error(`The installed market ended before it was open.\n${said}`, { cause: error }));
  child.once('error', endTooSoon);
  ended.then(() => endTooSoon(), endTooSoon);
  const url = await opened.promise;
  return {
    url,
    openAfterMs: performance.now() - startedMs,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGINT');
      await ended;
      return said;
    },
  };
}
