import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface KillableInit {
  /** A program that writes a line when it is loaded and works once `begin` stands on its input. */
  readonly program: URL;
  readonly argument: string;
  /** Keeps compiled code between the starts of one test. */
  readonly compileCache: string;
  /** Whether a line tells of something that was promised to a client. */
  readonly isPromise: (line: string) => boolean;
}

export interface KillableProcess {
  readonly lines: readonly string[];
  readonly errors: () => string;
  /** Resolves at the first promise, or when the process is gone. */
  readonly firstPromise: Promise<void>;
  /** Resolves at the first such line, or when the process is gone. */
  untilLine(isWanted: (line: string) => boolean): Promise<void>;
  begin(): void;
  /** SIGKILL; resolves when everything that it had written is in `lines`. */
  kill(): Promise<void>;
}

/** Resolves when the process has loaded its code and waits for `begin`. */
export async function startKillable(init: KillableInit): Promise<KillableProcess> {
  const child: ChildProcess = spawn(process.execPath, [fileURLToPath(init.program), init.argument], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, NODE_COMPILE_CACHE: init.compileCache },
  });
  const closed = once(child, 'close');
  const lines: string[] = [];
  let errors = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4_000);
  });
  child.stdin!.on('error', () => {});
  const reader = createInterface({ input: child.stdout! });
  const promised = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  reader.on('line', (line) => {
    lines.push(line);
    if (init.isPromise(line)) promised.resolve();
  });
  const read = once(reader, 'close').then(() => {
    promised.resolve();
    gone.resolve();
  });
  await Promise.race([once(reader, 'line'), closed]);
  if (lines.length === 0) throw new Error(`The process to be killed did not start: ${errors}`);
  return {
    lines,
    errors: () => errors,
    firstPromise: promised.promise,
    untilLine: (isWanted) => {
      if (lines.some(isWanted)) return Promise.resolve();
      const found = new Promise<void>((resolve) => {
        reader.on('line', (line) => {
          if (isWanted(line)) resolve();
        });
      });
      return Promise.race([found, gone.promise]);
    },
    begin: () => child.stdin!.write('begin\n'),
    kill: async () => {
      child.kill('SIGKILL');
      await Promise.all([closed, read]);
    },
  };
}
