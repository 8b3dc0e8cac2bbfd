import { join } from 'node:path';
import { logComplianceTests } from '../src/compliance/log-compliance.ts';
import { receiptsComplianceTests } from '../src/compliance/receipts-compliance.ts';
import { temporaryDirectory } from '../src/compliance/temporary-directory.ts';
import { embeddedLog } from '../src/log/embedded-log.ts';
import { memoryLog } from '../src/log/memory-log.ts';
import { embeddedReceipts } from '../src/receipts/embedded-receipts.ts';
import { memoryReceipts, type ReceiptMemory } from '../src/receipts/memory-receipts.ts';
import { openStore } from '../src/store/embedded-store.ts';

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
