import { join } from 'node:path';

/** What benchmarks keep from run to run. */
export const benchFolder = join(import.meta.dirname, '../../.bench');
