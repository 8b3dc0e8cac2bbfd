import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf } from '@market-of-experts/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { guardComplianceTests } from '../../src/compliance/guard-compliance.ts';
import { temporaryDirectory } from '../../src/compliance/temporary-directory.ts';
import { openEmbeddedGuard } from '../../src/guard/embedded-guard.ts';
import { guardMemory, memoryGuard } from '../../src/guard/memory-guard.ts';

guardComplianceTests('memoryGuard', async () => {
  const memory = guardMemory();
  return { open: async (nowMs) => memoryGuard(nowMs, memory), dispose: async () => {} };
});

guardComplianceTests('embeddedGuard', async () => {
  const directory = temporaryDirectory();
  return {
    open: (nowMs) =>
      openEmbeddedGuard({
        directory: join(directory.path, 'guard'),
        anchorDirectory: join(directory.path, 'anchor'),
        nowMs,
        longestMs: 1_000,
        acceptsOlderCopy: false,
      }),
    dispose: async () => directory.remove(),
  };
});

describe('a guard whose directory is put back from a copy', () => {
  const longestMs = 1_000;
  const nowMs = 10_000;
  let root: ReturnType<typeof temporaryDirectory>;
  beforeEach(() => {
    root = temporaryDirectory();
  });
  afterEach(() => root.remove());
  const at = (name: string): string => join(root.path, name);
  const open = (name = 'guard', acceptsOlderCopy = false) =>
    openEmbeddedGuard({
      directory: at(name),
      anchorDirectory: at('anchor'),
      nowMs: () => nowMs,
      longestMs,
      acceptsOlderCopy,
    });
  const copy = (from: string, to: string): void => {
    rmSync(at(to), { recursive: true, force: true });
    cpSync(at(from), at(to), { recursive: true });
  };
  const say = (slot: string, untilMs = nowMs + 500) => ({ slot, said: hashOf('test', slot), untilMs });
  /** Signs something, takes a copy, signs something more. */
  const past = async (): Promise<void> => {
    const guard = await open();
    await guard.enter(say('first'));
    await guard.close();
    copy('guard', 'copy');
    const again = await open();
    await again.enter(say('second'));
    await again.close();
  };

  test('does not open, says what to do, and leaves the newer one usable', async () => {
    await past();
    await expect(open('copy')).rejects.toMatchObject({
      code: 'guard-older-copy',
      message: expect.stringMatching(/--accept-older-copy/),
    });
    await (await open()).close();
  });

  test('does not open when the copy was taken while it ran, and signed on after it', async () => {
    const guard = await open();
    await guard.enter(say('first'));
    copy('guard', 'copy');
    await guard.enter(say('second'));
    await guard.close();
    await expect(open('copy')).rejects.toMatchObject({ code: 'guard-older-copy' });
  });

  test('does not open without its anchor, nor empty beside one', async () => {
    await past();
    copy('anchor', 'kept');
    rmSync(at('anchor'), { recursive: true });
    await expect(open()).rejects.toMatchObject({ code: 'guard-older-copy' });
    copy('kept', 'anchor');
    await expect(open('new')).rejects.toMatchObject({ code: 'guard-older-copy' });
  });

  test('accepted, signs nothing that could have been said before; afterwards it opens by itself', async () => {
    await past();
    const guard = await open('copy', true);
    expect(() => guard.enter({ ...say('second'), said: hashOf('test', 'other') })).toThrow(
      expect.objectContaining({ code: 'signed-past' }),
    );
    await guard.enter(say('later', nowMs + longestMs + 1));
    await guard.close();
    await (await open('copy')).close();
    // Now the other one is the one that went its own way.
    await expect(open()).rejects.toMatchObject({ code: 'guard-older-copy' });
  });

  test('does not open beside another that runs from a copy', async () => {
    const guard = await open();
    copy('guard', 'copy');
    await expect(open('copy')).rejects.toMatchObject({ code: 'guard-in-use' });
    await guard.close();
  });
});
