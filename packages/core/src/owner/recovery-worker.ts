import { parentPort } from 'node:worker_threads';
import { CHECK_BYTES, recoverAll } from './recovery.ts';

parentPort?.on('message', (checks: Uint8Array) => {
  const found = recoverAll(checks.length / CHECK_BYTES, checks);
  parentPort?.postMessage(found, [found.buffer as ArrayBuffer]);
});
