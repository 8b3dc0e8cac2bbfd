import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const bin = resolve(import.meta.dirname, '../../packages/cli/bin/moe.js');

export interface MoeRun {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface MoeProcess {
  readonly pid: number;
  readonly lines: readonly string[];
  /** The first line that the test takes. Rejects when the process ends without one. */
  line(isWanted: (line: string) => boolean): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  readonly done: Promise<MoeRun>;
}

/** Starts `moe` as a user does: a process of its own, with nothing of our environment but the path. */
export function startMoe(args: readonly string[], env: Record<string, string> = {}): MoeProcess {
  const child = spawn(process.execPath, [bin, ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  let stderr = '';
  const watchers = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const look of watchers) look();
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const done = once(child, 'close').then(
    ([code, signal]): MoeRun => ({
      code,
      signal,
      stdout: lines.map((line) => `${line}\n`).join(''),
      stderr,
    }),
  );
  return {
    pid: child.pid!,
    lines,
    line(isWanted) {
      const { promise, resolve: found, reject } = Promise.withResolvers<string>();
      const look = (): void => {
        const line = lines.find(isWanted);
        if (line === undefined) return;
        watchers.delete(look);
        found(line);
      };
      watchers.add(look);
      look();
      void done.then((run) => reject(new Error(`moe ended (${run.code}): ${run.stderr}${run.stdout}`)));
      return promise;
    },
    kill: (signal) => child.kill(signal),
    done,
  };
}

export async function runMoe(args: readonly string[], env: Record<string, string> = {}): Promise<MoeRun> {
  return startMoe(args, env).done;
}

/** What a JSON log line says has happened, or undefined. */
export function eventOf(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Starts a market and resolves when it is open. */
export async function startMarket(
  dataDirectory: string,
  args: readonly string[] = [],
): Promise<{ readonly moe: MoeProcess; readonly url: string; readonly tookMs: number }> {
  const moe = startMoe(['up', '--data', dataDirectory, '--port', '0', '--no-training', '--json', ...args]);
  const line = await moe.line((text) => eventOf(text)?.event === 'market-opened');
  const { url, tookMs } = eventOf(line) as { url: string; tookMs: number };
  return { moe, url, tookMs };
}
