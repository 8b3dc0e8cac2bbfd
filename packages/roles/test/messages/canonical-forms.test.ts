import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** Canonical bytes have no form for `undefined`: with `.optional()` a type would let it through, and the encoder throw later. */
it('what is encoded may lack a field, and never holds undefined', () => {
  const root = join(import.meta.dirname, '../../../..');
  const files = globSync(
    [
      'packages/protocol/src/**/*.ts',
      'packages/roles/src/messages/*.ts',
      'packages/roles/src/receipts/receipt-record.ts',
    ],
    { cwd: root },
  );
  expect(files.length).toBeGreaterThan(100);
  const lax = files.filter((file) => readFileSync(join(root, file), 'utf8').includes('.optional()'));
  expect(lax).toEqual([]);
});
