import type { JobSummary } from '@market-of-experts/api/jobs';
import { renderTable } from '../terminal/table.ts';
import { plural } from '../terminal/text.ts';

/** Who wins what: for each kind of text, the experts' share of the jobs in which they worked; and who called whom. */
export interface WinTable {
  record(kind: string, job: JobSummary): void;
  render(): string | undefined;
}

interface Cell {
  worked: number;
  won: number;
  loss: number;
}

export function createWinTable(): WinTable {
  const kinds = new Map<string, Map<string, Cell>>();
  const calls = new Map<string, { made: number; won: number }>();
  return {
    record(kind, job) {
      const row = kinds.get(kind) ?? new Map<string, Cell>();
      kinds.set(kind, row);
      for (const { id, name, friend, loss, probation } of job.members) {
        if (loss === undefined || probation) continue;
        const won = id === job.winner ? 1 : 0;
        // The work counts for who did it.
        const worker = friend?.name ?? name;
        const cell = row.get(worker) ?? { worked: 0, won: 0, loss: 0 };
        cell.worked += 1;
        cell.loss += loss;
        cell.won += won;
        row.set(worker, cell);
        if (friend === undefined) continue;
        const pair = `${name} → ${friend.name}`;
        const tally = calls.get(pair) ?? { made: 0, won: 0 };
        calls.set(pair, { made: tally.made + 1, won: tally.won + won });
      }
    },
    render() {
      if (kinds.size === 0) return undefined;
      return `${winsOf(kinds)}\n${callsOf(calls)}`;
    },
  };
}

function winsOf(kinds: ReadonlyMap<string, ReadonlyMap<string, Cell>>): string {
  const rows = [...kinds].map(([kind, row]) => {
    // One win in one job says less than four in five.
    const standing = ({ won, worked }: Cell): number => (won + 1) / (worked + 2);
    const best = [...row].sort(([, a], [, b]) => standing(b) - standing(a));
    const cell = ([name, { worked, won, loss }]: (typeof best)[number]): string =>
      `${name} ${won}/${worked} (loss ${(loss / worked).toFixed(2)})`;
    return [kind, ...best.slice(0, 3).map(cell)];
  });
  return renderTable(
    [{ title: 'text' }, { title: 'wins most when it works' }, { title: 'then' }, { title: 'then' }],
    rows,
  );
}

function callsOf(calls: ReadonlyMap<string, { readonly made: number; readonly won: number }>): string {
  const made = [...calls.values()].reduce((sum, tally) => sum + tally.made, 0);
  if (made === 0) return 'Nobody called a friend in them.';
  const won = [...calls.values()].reduce((sum, tally) => sum + tally.won, 0);
  const most = [...calls].sort(([, a], [, b]) => b.made - a.made).slice(0, 3);
  const pairs = most.map(([pair, tally]) => `${pair} (${tally.made}, won ${tally.won})`).join(', ');
  return `Friends were called in them ${plural(made, 'time')} and won ${won} of these; most often ${pairs}.`;
}
