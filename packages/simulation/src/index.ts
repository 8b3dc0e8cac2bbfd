export { simulate } from './engine.ts';
export type { RunResult } from './metrics/result.ts';
export { spearman } from './metrics/statistics.ts';
export { reportHtml } from './report/html.ts';
export { makeReport, type Report, reportJson } from './report/report.ts';
export { groupTable, type ReportTable, runTable } from './report/tables.ts';
export { readScenario, type ScenarioOverrides, type ScenarioRun } from './scenario/read-scenario.ts';
export { shippedScenario, shippedScenarios } from './scenario/shipped.ts';
