import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

const bin = resolve(import.meta.dirname, '../bin/moe.js');

export interface MoeProcess {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when standard error has held the text. */
  saysOnError(text: string): Promise<void>;
  readonly done: Promise<MoeResult>;
}

export interface MoeResult {
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface MoeStart {
  readonly cwd: string;
  readonly env?: Record<string, string>;
  readonly stdin?: string | Uint8Array;
  /** Keeps standard input open. */
  readonly holdsStdin?: boolean;
  readonly node?: string;
}

/** Starts `moe` as a process of its own, with nothing of our environment but the path. */
export function startMoe(args: readonly string[], start: MoeStart): MoeProcess {
  const child = spawn(start.node ?? process.execPath, [bin, ...args], {
    cwd: start.cwd,
    env: { PATH: process.env.PATH, ...start.env },
  });
  let stdout = '';
  let stderr = '';
  const waiting = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
    for (const look of waiting) look();
  });
  child.stdin.on('error', () => {});
  if (!start.holdsStdin) child.stdin.end(start.stdin ?? '');
  else if (start.stdin !== undefined) child.stdin.write(start.stdin);
  const { promise, resolve: finish } = Promise.withResolvers<MoeResult>();
  child.on('close', (code) => finish({ code, stdout, stderr }));
  return {
    pid: child.pid!,
    kill: (signal) => child.kill(signal),
    saysOnError(text) {
      const { promise: said, resolve: resolveSaid, reject } = Promise.withResolvers<void>();
      const look = (): void => {
        if (stderr.includes(text)) resolveSaid();
      };
      waiting.add(look);
      look();
      promise.then(() => reject(new Error(`moe ended without saying "${text}" but: ${stderr}`)));
      return said;
    },
    done: promise,
  };
}

export function runMoe(args: readonly string[], start: MoeStart): Promise<MoeResult> {
  return startMoe(args, start).done;
}

/** How a shell starts `moe`. */
export const moeCommand = `${process.execPath} ${bin}`;

/** Runs a line of bash; `onOutput` sees all of standard output so far. */
export async function runShell(
  line: string,
  start: MoeStart,
  onOutput: (stdout: string) => void = () => {},
): Promise<MoeResult> {
  const child = spawn('bash', ['-c', line], {
    cwd: start.cwd,
    env: { PATH: process.env.PATH, ...start.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
    onOutput(stdout);
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}
