export { type CrashReport, runCrashCycles } from './crash-cycles.ts';
export * from './scenario.ts';
