export { type CrashReport, runCrashCycles } from './crash-cycles.ts';
export { type KillableProcess, startKillable } from './killable-process.ts';
export * from './scenario.ts';
