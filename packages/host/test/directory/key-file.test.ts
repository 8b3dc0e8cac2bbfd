import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@market-of-experts/testing/test-market';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openKeyFile } from '../../src/directory/key-file.ts';

let directory: ReturnType<typeof temporaryDirectory>;
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory.remove());

it('never gives out a key that it could not keep', () => {
  const path = join(directory.path, 'keys.json');
  const open = () => openKeyFile({ path, names: { owners: ['house'], nodes: [] }, hasLedger: false });
  const keys = open();
  // The new file cannot be written: what a full disk does.
  mkdirSync(join(`${path}.new`, 'in-the-way'), { recursive: true });
  expect(() => keys.owner('alice')).toThrow(
    expect.objectContaining({ code: 'file-unwritable', isRetryable: true }),
  );
  expect(() => keys.owner('alice')).toThrow('cannot be written');
  rmSync(`${path}.new`, { recursive: true });
  const { address } = keys.owner('alice');
  expect(open().owner('alice').address).toBe(address);
});
