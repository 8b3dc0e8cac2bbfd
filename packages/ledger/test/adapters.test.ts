import { join } from 'node:path';
import { logComplianceTests } from '../src/compliance/log-compliance.ts';
import { receiptsComplianceTests } from '../src/compliance/receipts-compliance.ts';
import { temporaryDirectory } from '../src/compliance/temporary-directory.ts';
import { embeddedLog } from '../src/embedded-log.ts';
import { embeddedReceipts } from '../src/embedded-receipts.ts';
import { openStore } from '../src/embedded-store.ts';
import { memoryLog } from '../src/memory-log.ts';
import { memoryReceipts, type ReceiptMemory } from '../src/memory-receipts.ts';

logComplianceTests('memoryLog', async () => {
  const entries: Uint8Array[] = [];
  return { open: async () => memoryLog(entries), dispose: async () => {} };
});

logComplianceTests('embeddedLog', async () => {
  const directory = temporaryDirectory();
  return {
    open: async () => {
      const store = openStore(join(directory.path, 'data'));
      const log = embeddedLog(store);
      const close = () => log.close().then(() => store.close());
      return { ...log, close };
    },
    dispose: async () => directory.remove(),
  };
});

receiptsComplianceTests('memoryReceipts', async () => {
  const memory: ReceiptMemory = new Map();
  return { open: async (limits) => memoryReceipts(memory, limits), dispose: async () => {} };
});

receiptsComplianceTests('embeddedReceipts', async () => {
  const directory = temporaryDirectory();
  return {
    open: async (limits) => {
      const store = openStore(join(directory.path, 'data'));
      const receipts = embeddedReceipts(store, limits);
      const close = () => receipts.close().then(() => store.close());
      return { ...receipts, close };
    },
    dispose: async () => directory.remove(),
  };
});
