import { clearLine, cursorTo } from 'node:readline';
import { fit } from './fit.ts';
import { columnsOf, writable } from './text.ts';

/**
 * One line on standard error that is redrawn while work goes on. Where standard error is no terminal (or a
 * "dumb" one) only `log` writes anything.
 */
export interface ProgressLine {
  /** Writes a line that stays, above the progress. */
  log(line: string): void;
  /** Takes the progress away. */
  stop(): void;
}

const redrawMs = 100;

export function startProgressLine(isWanted: boolean, draw: (columns: number) => string): ProgressLine {
  const stream = process.stderr;
  const isLive = isWanted && stream.isTTY && process.env.TERM !== 'dumb';
  const clear = (): void => {
    if (!isLive) return;
    cursorTo(stream, 0);
    clearLine(stream, 0);
  };
  const redraw = (): void => {
    const columns = columnsOf(stream);
    clear();
    stream.write(writable(fit(draw(columns), columns - 1)));
  };
  const timer = isLive ? setInterval(redraw, redrawMs).unref() : undefined;
  return {
    log(line) {
      clear();
      stream.write(`${writable(line)}\n`);
      if (isLive) redraw();
    },
    stop() {
      clearInterval(timer);
      clear();
    },
  };
}

/** `████░░░░` with `share` (0 to 1) of it full. */
export function bar(share: number, columns: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * columns);
  return '█'.repeat(full) + '░'.repeat(columns - full);
}
