import stringWidth from 'string-width';
import { fit } from './fit.ts';
import { columnsOf, paint } from './text.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'right';
  /** Never cut: ids that somebody copies. */
  readonly isWhole?: true;
}

/** Lines of a table that fits the terminal: the widest left-aligned column gives way. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, index) =>
    Math.max(stringWidth(column.title), ...rows.map((row) => stringWidth(row[index] ?? ''))),
  );
  const gap = '  ';
  let excess =
    widths.reduce((sum, width) => sum + width, 0) +
    gap.length * (columns.length - 1) -
    columnsOf(process.stdout);
  while (excess > 0) {
    const left = columns.flatMap((column, index) =>
      column.align === 'right' || column.isWhole ? [] : [index],
    );
    const widest = left.toSorted((a, b) => widths[b]! - widths[a]!)[0];
    if (widest === undefined || widths[widest]! <= 8) break;
    const cut = Math.min(excess, widths[widest]! - 8);
    widths[widest]! -= cut;
    excess -= cut;
  }
  const line = (cells: readonly string[]): string =>
    columns
      .map((column, index) => {
        const cell = fit(cells[index] ?? '', widths[index]!);
        const space = ' '.repeat(Math.max(0, widths[index]! - stringWidth(cell)));
        return column.align === 'right' ? space + cell : cell + space;
      })
      .join(gap)
      .trimEnd();
  const head = paint('dim', line(columns.map((column) => column.title)));
  return [head, ...rows.map(line)].join('\n');
}
