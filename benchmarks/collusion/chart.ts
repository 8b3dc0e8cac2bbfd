import type { CollusionRow } from './rows.ts';

const panel = { width: 330, height: 330, left: 62, top: 40, gap: 48 };
const most = { stake: 0.6, share: 1 };
/** Strategies of the chart, each with its colour in light and in dark. */
const lines = [
  { strategy: 'self-dealing', light: '#b4532a', dark: '#ec9a70' },
  { strategy: 'self-dealing, junk', light: '#8a2f6b', dark: '#e38cc6' },
  { strategy: 'self-dealing at the consensus', light: '#4a5fb0', dark: '#96a8f2' },
  { strategy: 'low-weighting', light: '#8a6d00', dark: '#d9bd4e' },
  { strategy: 'weight copying', light: '#0f7b5c', dark: '#3fbf94' },
  { strategy: 'first on new experts', light: '#17789c', dark: '#62c3e4' },
  { strategy: 'Sybil split, self-dealing', light: '#5c6660', dark: '#a3ada7' },
] as const;

/** Cabal's share of emission against its share of stake: by Yuma consensus, and by the plain mean. */
export function collusionChart(rows: readonly CollusionRow[]): string {
  const yuma = rows.filter(({ method }) => method === 'yuma');
  const x = (stake: number): string => ((panel.width * stake) / most.stake).toFixed(1);
  const y = (share: number): string => (panel.height * (1 - share / most.share)).toFixed(1);
  const width = panel.left + 2 * panel.width + panel.gap + 26;
  const legendTop = panel.top + panel.height + 62;
  const height = legendTop + 24 * Math.ceil((lines.length + 1) / 2) + 4;
  const panels = (
    [
      ['Yuma consensus (ours)', (row: CollusionRow) => row.cabalShare],
      ['plain stake-weighted mean (peer)', (row: CollusionRow) => row.meanShare],
    ] as const
  ).map(([title, shareOf], index) => {
    const grid = [0, 0.2, 0.4, 0.6, 0.8, 1].map((share) => {
      const label =
        index > 0
          ? ''
          : `<text class="s" x="-8" y="${Number(y(share)) + 4}" text-anchor="end">${100 * share} %</text>`;
      return `<path class="g" d="M0 ${y(share)}H${panel.width}"/>${label}`;
    });
    const ticks = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6].map(
      (stake) =>
        `<text class="s" x="${x(stake)}" y="${panel.height + 18}" text-anchor="middle">${Math.round(100 * stake)} %</text>`,
    );
    const drawn = lines.map(({ strategy }, style) => {
      const points = yuma
        .filter((row) => row.strategy === strategy)
        .sort((a, b) => a.cabalStake - b.cabalStake);
      const path = points
        .map((row, at) => `${at === 0 ? 'M' : 'L'}${x(row.cabalStake)} ${y(shareOf(row))}`)
        .join('');
      const dots = points
        .map((row) => `<circle class="c${style}" cx="${x(row.cabalStake)}" cy="${y(shareOf(row))}" r="3"/>`)
        .join('');
      return `<path class="l c${style}" d="${path}"/>${dots}`;
    });
    return `<g transform="translate(${panel.left + index * (panel.width + panel.gap)} ${panel.top})">${grid.join('')}${ticks.join('')}<path class="h" d="M${x(0.5)} 0V${panel.height}"/><path class="d" d="M0 ${y(0)}L${x(most.stake)} ${y(most.stake)}"/>${drawn.join('')}<text x="${panel.width / 2}" y="-14" text-anchor="middle" font-weight="600">${title}</text></g>`;
  });
  const legend = [
    ...lines.map(({ strategy }, style) => ({ text: strategy, mark: `l c${style}` })),
    { text: 'share of stake', mark: 'd' },
  ].map(({ text, mark }, at) => {
    const left = panel.left + (at % 2) * (panel.width + panel.gap);
    const top = legendTop + 24 * Math.floor(at / 2);
    return `<path class="${mark}" d="M${left} ${top}h26"/><text x="${left + 34}" y="${top + 5}">${text}</text>`;
  });
  const colours = (theme: 'light' | 'dark'): string =>
    lines
      .map((line, style) => `path.c${style}{stroke:${line[theme]}}circle.c${style}{fill:${line[theme]}}`)
      .join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="14" role="img" aria-labelledby="t d">
<title id="t">What colluding brings</title><desc id="d">A cabal's share of emission against its share of stake for seven strategies, by Yuma consensus and by the plain stake-weighted mean of weights. The dashed diagonal is the share of stake; the upright line is half of the stake.</desc>
<style>text{fill:#1d2420}.s{fill:#5c6660;font-size:12px}.g{stroke:#dfe3dd;fill:none}.l{fill:none;stroke-width:2}.d{fill:none;stroke:#1d2420;stroke-dasharray:5 4}.h{fill:none;stroke:#5c6660;stroke-dasharray:2 3}${colours('light')}@media(prefers-color-scheme:dark){text{fill:#e8ece9}.s{fill:#a3ada7}.g{stroke:#343c3f}.d{stroke:#e8ece9}.h{stroke:#a3ada7}${colours('dark')}}</style>
${panels.join('\n')}
<text class="s" x="${panel.left + panel.width + panel.gap / 2}" y="${panel.top + panel.height + 40}" text-anchor="middle">cabal's share of stake · upwards: its share of emission</text>
${legend.join('')}
</svg>
`;
}
