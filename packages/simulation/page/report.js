/* Draws the charts of a simulation's report. The data stand in the page; uPlot stands before this script. */
/** @import { ChartOptions, ChartRun, ChartSeries } from './types.d.ts' */
(() => {
  /** @type {ChartRun[]} */
  const runs = JSON.parse(element('data').textContent ?? '[]');
  const palette = ['#2563eb', '#d97706', '#059669', '#dc2626', '#7c3aed', '#0891b2', '#be185d', '#4d7c0f'];

  /** @param {string} id */
  function element(id) {
    return /** @type {HTMLElement} */ (document.getElementById(id));
  }

  /** @param {number} index */
  function colour(index) {
    return palette[index % palette.length] ?? '#000';
  }

  /** @param {ChartRun} run */
  function jobsOf(run) {
    return run.windows.map((window) => window.job);
  }

  /**
   * @param {HTMLElement} parent
   * @param {string} title
   * @param {number[]} xs
   * @param {ChartSeries[]} series
   * @param {ChartOptions} [options]
   */
  function chart(parent, title, xs, series, options = {}) {
    if (xs.length === 0) return;
    new uPlot(
      {
        title,
        width: 560,
        height: 300,
        legend: { live: false },
        cursor: { show: false },
        scales: { x: { time: false }, ...(options.range ? { y: { range: options.range } } : {}) },
        axes: [{ label: options.x ?? 'jobs' }, { size: 64 }],
        series: [
          {},
          ...series.map(({ label, points }, index) => ({
            label,
            stroke: colour(index),
            width: 2,
            points: { show: points === true, size: 6, fill: colour(index) },
            ...(points === true ? { paths: () => null } : {}),
          })),
        ],
      },
      [xs, ...series.map(({ values }) => values)],
      parent,
    );
  }

  /** @param {number[]} values */
  function shares(values) {
    const total = values.reduce((sum, value) => sum + value, 0) || 1;
    return values.map((value) => (100 * value) / total);
  }

  const longest = runs.reduce((best, run) => (run.windows.length > best.windows.length ? run : best));
  /**
   * @param {string} title
   * @param {'winner' | 'called'} field
   * @param {[number, number]} [range]
   */
  function compare(title, field, range) {
    const series = runs.map((run) => ({
      label: run.name,
      values: longest.windows.map((_, index) => run.windows[index]?.[field] ?? null),
    }));
    chart(element('overview'), title, jobsOf(longest), series, { range });
  }
  if (runs.length > 1) {
    compare('Loss of the winners, by run', 'winner');
    compare('Share of jobs won by a friend', 'called', [0, 1]);
  }

  for (const [index, run] of runs.entries()) {
    const parent = element(`run-${index}`);
    const jobs = jobsOf(run);
    chart(parent, 'Loss over time', jobs, [
      { label: 'winner', values: run.windows.map(({ winner }) => winner) },
      { label: 'delivered', values: run.windows.map(({ delivered }) => delivered) },
      { label: 'oracle', values: run.windows.map(({ oracle }) => oracle) },
      { label: 'random', values: run.windows.map(({ random }) => random) },
    ]);
    chart(
      parent,
      'Credits earned, by group',
      jobs,
      run.groups.map((label, group) => ({
        label,
        values: run.windows.map(({ earnedCredits }) => earnedCredits[group] ?? null),
      })),
    );
    chart(parent, 'Shares', jobs, [
      { label: 'won by a friend', values: run.windows.map(({ called }) => called) },
      { label: 'late', values: run.windows.map(({ late }) => late) },
      {
        label: 'mean ask',
        values: run.windows.map(({ askBps }) => (askBps === null ? null : askBps / 10_000)),
      },
    ]);
    chart(
      parent,
      'Competition follows demand: rank correlation over places',
      jobs,
      [{ label: 'Spearman', values: run.windows.map(({ demandCompetition }) => demandCompetition) }],
      { range: [-1, 1] },
    );
    const places = [...run.places].sort((a, b) => a.demand[1] - b.demand[1]);
    const specialists = shares(places.map((place) => place.competition[1]));
    if (specialists.some((share) => share > 0))
      chart(
        parent,
        'Places in the last quarter of the run',
        places.map((_, rank) => rank),
        [
          { label: 'jobs, % of all', values: shares(places.map((place) => place.demand[1])) },
          { label: 'specialists, % of all', values: specialists, points: true },
        ],
        { x: 'place, by demand' },
      );
  }
})();
