export interface CapacityRow {
  readonly experts: number;
  readonly marketLoss: number;
  readonly singleLoss: number;
  readonly randomShardLoss: number;
}

const area = { left: 70, top: 56, width: 620, height: 280 };
const curves = [
  { key: 'singleLoss', style: 'a', label: 'best single of the same size' },
  { key: 'randomShardLoss', style: 'b', label: 'winner of a random shard' },
  { key: 'marketLoss', style: 'c', label: 'market with friends' },
] as const;

/** Loss against the number of experts (logarithmic), as SVG that is readable on light and dark pages. */
export function capacityChart(rows: readonly CapacityRow[]): string {
  const values = rows.flatMap((row) => curves.map(({ key }) => row[key]));
  const step = 0.01;
  const low = Math.floor(Math.min(...values) / step) * step;
  const high = Math.ceil(Math.max(...values) / step) * step;
  const xOf = (experts: number): number =>
    (area.width * Math.log2(experts)) / Math.max(1, Math.log2(rows.at(-1)!.experts));
  const yOf = (loss: number): number => (area.height * (high - loss)) / (high - low);
  const ticks = Array.from({ length: Math.round((high - low) / step) + 1 }, (_, tick) => low + tick * step);
  const grid = ticks
    .map(
      (tick) =>
        `<path class="g" d="M0 ${fix(yOf(tick))}H${area.width}"/><text class="s" x="-8" y="${fix(yOf(tick) + 4)}" text-anchor="end">${tick.toFixed(2)}</text>`,
    )
    .join('');
  const axis = rows
    .map(
      ({ experts }) =>
        `<text class="s" x="${fix(xOf(experts))}" y="${area.height + 20}" text-anchor="middle">${experts}</text>`,
    )
    .join('');
  const lines = curves
    .map(({ key, style }) => {
      const points = rows.map((row) => [fix(xOf(row.experts)), fix(yOf(row[key]))] as const);
      const path = points.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${x} ${y}`).join('');
      const marks = points.map(([x, y]) => `<circle class="${style}" cx="${x}" cy="${y}" r="3.5"/>`).join('');
      return `<path class="l ${style}" d="${path}"/>${marks}`;
    })
    .join('');
  const legend = curves
    .map(({ style, label }, index) => {
      const x = area.left + [0, 240, 465][index]!;
      return `<path class="l ${style}" d="M${x} 22h26"/><circle class="${style}" cx="${x + 13}" cy="22" r="3.5"/><text x="${x + 34}" y="27">${label}</text>`;
    })
    .join('');
  const width = area.left + area.width + 30;
  const height = area.top + area.height + 56;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="14" role="img" aria-labelledby="t d">
<title id="t">Loss against the number of bounded experts</title><desc id="d">${curves.map(({ key, label }) => `${label}: ${rows.map((row) => `${row[key].toFixed(3)} with ${row.experts}`).join(', ')}`).join('. ')}.</desc>
<style>text{fill:#1d2420}.s{fill:#5c6660;font-size:12px}.g{stroke:#dfe3dd;fill:none}.l{fill:none;stroke-width:2}path.a{stroke:#b4532a}path.b{stroke:#4a5fb0}path.c{stroke:#0f7b5c}circle.a{fill:#b4532a}circle.b{fill:#4a5fb0}circle.c{fill:#0f7b5c}@media(prefers-color-scheme:dark){text{fill:#e8ece9}.s{fill:#a3ada7}.g{stroke:#343c3f}path.a{stroke:#ec9a70}path.b{stroke:#96a8f2}path.c{stroke:#3fbf94}circle.a{fill:#ec9a70}circle.b{fill:#96a8f2}circle.c{fill:#3fbf94}}</style>
${legend}
<g transform="translate(${area.left} ${area.top})">${grid}${axis}${lines}</g>
<text class="s" x="${area.left + area.width / 2}" y="${height - 10}" text-anchor="middle">experts of 590 KB each · mean loss of what is delivered, lower is better</text>
</svg>
`;
}

function fix(value: number): string {
  return value.toFixed(1);
}
