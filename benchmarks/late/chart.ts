import { gracesMs, neededCommits, quorumsBps } from './cells.ts';
import type { LateRow } from './report.ts';

const panels = ['lan', 'continent', 'world'] as const;
const panel = { width: 280, height: 220, left: 66, top: 62, gap: 20 };
const styles = ['a', 'b', 'c'] as const;

/** Late seats against grace for the quorums, shards of five, a panel for each network. */
export function lateChart(rows: readonly LateRow[]): string {
  const five = rows.filter(({ shardSize }) => shardSize === 5);
  const xOf = (index: number): number => 16 + (index * (panel.width - 32)) / (gracesMs.length - 1);
  const ticks = [0.001, 0.01, 0.1, 1];
  const decades = Math.log10(ticks.at(-1)! / ticks[0]!);
  // A logarithmic axis has no zero: what is below the lowest tick lies on it.
  const yOf = (share: number): number =>
    (panel.height * -Math.log10(Math.max(share, ticks[0]!) / ticks.at(-1)!)) / decades;
  const width = panel.left + panels.length * (panel.width + panel.gap);
  const height = panel.top + panel.height + 60;
  const parts = panels.map((network, index) => {
    const x = panel.left + index * (panel.width + panel.gap);
    const grid = ticks
      .map((tick) => {
        const label =
          index > 0
            ? ''
            : `<text class="s" x="-8" y="${fix(yOf(tick) + 4)}" text-anchor="end">${tick === ticks[0] ? '≤ ' : ''}${100 * tick} %</text>`;
        return `<path class="g" d="M0 ${fix(yOf(tick))}H${panel.width}"/>${label}`;
      })
      .join('');
    const axis = gracesMs
      .map(
        (grace, at) =>
          `<text class="s" x="${fix(xOf(at))}" y="${panel.height + 18}" text-anchor="middle">${grace}</text>`,
      )
      .join('');
    const lines = quorumsBps
      .map((quorumBps, style) => {
        const points = gracesMs.map((grace, at) => {
          const row = five.find(
            (one) => one.network === network && one.quorumBps === quorumBps && one.cutGraceMs === grace,
          )!;
          return { row, x: xOf(at) + 4 * (style - 1), y: yOf(row.lateShare) };
        });
        const path = points.map(({ x: px, y }, at) => `${at === 0 ? 'M' : 'L'}${fix(px)} ${fix(y)}`).join('');
        const marks = points
          .map(
            ({ row, x: px, y }) =>
              `<path class="e ${styles[style]}" d="M${fix(px)} ${fix(yOf(row.lateLow))}V${fix(yOf(row.lateHigh))}"/><circle class="${styles[style]}" cx="${fix(px)}" cy="${fix(y)}" r="3.5"/>`,
          )
          .join('');
        return `<path class="l ${styles[style]}" d="${path}"/>${marks}`;
      })
      .join('');
    return `<g transform="translate(${x} ${panel.top})">${grid}${axis}${lines}<text x="${panel.width / 2}" y="-10" text-anchor="middle" font-weight="600">${network}</text></g>`;
  });
  const legend = quorumsBps
    .map((quorumBps, style) => {
      const x = panel.left + style * 240;
      const text = `quorum ${quorumBps / 100} %: ${neededCommits(5, quorumBps)} of 5${quorumBps === 10_000 ? ' (no grace)' : ''}`;
      return `<path class="l ${styles[style]}" d="M${x} 20h26"/><circle class="${styles[style]}" cx="${x + 13}" cy="20" r="3.5"/><text x="${x + 34}" y="25">${text}</text>`;
    })
    .join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="14" role="img" aria-labelledby="t d">
<title id="t">Honest seats certified late</title><desc id="d">Share of honest seats that are certified late, against the grace after the quorum, for quorums of 60, 80 and 100 % of five experts, on three networks. Bars are 95 % intervals.</desc>
<style>text{fill:#1d2420}.s{fill:#5c6660;font-size:12px}.g{stroke:#dfe3dd;fill:none}.l{fill:none;stroke-width:2}.e{fill:none;stroke-width:1;opacity:.6}path.a{stroke:#b4532a}path.b{stroke:#0f7b5c}path.c{stroke:#4a5fb0}circle.a{fill:#b4532a}circle.b{fill:#0f7b5c}circle.c{fill:#4a5fb0}@media(prefers-color-scheme:dark){text{fill:#e8ece9}.s{fill:#a3ada7}.g{stroke:#343c3f}path.a{stroke:#ec9a70}path.b{stroke:#3fbf94}path.c{stroke:#96a8f2}circle.a{fill:#ec9a70}circle.b{fill:#3fbf94}circle.c{fill:#96a8f2}}</style>
${legend}
${parts.join('\n')}
<text class="s" x="${width / 2}" y="${height - 14}" text-anchor="middle">grace after the quorum, ms · seats certified late (each its part of the fee), with 95 % intervals</text>
</svg>
`;
}

function fix(value: number): string {
  return value.toFixed(1);
}
