export { type EmbeddedGuardInit, openEmbeddedGuard } from './embedded-guard.ts';
export { type GuardMemory, guardMemory, memoryGuard } from './memory-guard.ts';
export type { Interchange, OnceSaying, SigningGuard } from './signing-guard.ts';
