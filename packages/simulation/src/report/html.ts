import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { textOf } from '@market-of-experts/core';
import type { Report } from './report.ts';
import { groupTable, type ReportTable, runTable } from './tables.ts';

const require = createRequire(import.meta.url);
const folder = join(import.meta.dirname, '../../page');

/** One file that holds everything: charts, their library (uPlot), data. It loads nothing. */
export function reportHtml(report: Report): string {
  const uplot = dirname(require.resolve('uplot/package.json'));
  const data = JSON.stringify(chartData(report)).replaceAll('<', '\\u003c');
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<link rel="icon" href="data:,">',
    `<title>${escapeHtml(report.name)} · Market of Experts</title>`,
    `<style>${textOf(readFileSync(join(uplot, 'dist/uPlot.min.css')))}</style>`,
    `<style>${textOf(readFileSync(join(folder, 'report.css')))}</style>`,
    '</head>',
    '<body>',
    `<h1>${escapeHtml(report.question)}</h1>`,
    `<p>Scenario <code>${escapeHtml(report.name)}</code>, seed ${report.seed}. Losses are the experts' mean losses at the jobs, which only a simulator knows: 0 is perfect, 0.5 is guessing.</p>`,
    htmlTable(runTable(report)),
    '<div id="overview" class="charts"></div>',
    ...report.runs.map(
      (run, index) =>
        `<section><h2>${escapeHtml(run.name)}</h2>${htmlTable(groupTable(run.result))}<div id="run-${index}" class="charts"></div></section>`,
    ),
    `<script type="application/json" id="data">${data}</script>`,
    `<script>${textOf(readFileSync(join(uplot, 'dist/uPlot.iife.min.js')))}</script>`,
    `<script>${textOf(readFileSync(join(folder, 'report.js')))}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function chartData({ runs }: Report): unknown {
  return runs.map(({ name, result }) => ({
    name,
    groups: result.groups.map((group) => group.name),
    windows: result.windows,
    places: result.places,
  }));
}

function htmlTable({ columns, rows }: ReportTable): string {
  const cell = (tag: string, text: string, isNumber: boolean): string =>
    `<${tag}${isNumber ? ' class="number"' : ''}>${escapeHtml(text)}</${tag}>`;
  const head = columns.map(({ title, isNumber }) => cell('th', title, isNumber)).join('');
  const body = rows
    .map((row) => `<tr>${row.map((text, index) => cell('td', text, columns[index]!.isNumber)).join('')}</tr>`)
    .join('');
  return `<div class="table"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
