import type { AccountId } from '@market-of-experts/core';
import { draftOn, emptyState, stateRoot, totalMicro, verifyAccountProof } from '@market-of-experts/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TrackedState } from '../../src/fold/tracked-state.ts';

const step = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd'),
  balanceMicro: fc.option(fc.bigInt(0n, 1_000n), { nil: undefined }),
  look: fc.constantFrom('root', 'total', 'neither'),
});

test('root, total and proofs are those of the state, after every commit', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { maxLength: 5 }), { maxLength: 8 }), async (batches) => {
      const tracked = new TrackedState(emptyState());
      await tracked.prepare();
      for (const batch of batches) {
        const draft = draftOn(tracked.state);
        for (const { key, balanceMicro } of batch)
          if (balanceMicro === undefined) draft.accounts.delete(key);
          else draft.accounts.set(key, { balanceMicro, nonce: 0 });
        tracked.commit(draft);
        if (batch[0]?.look === 'root') expect(tracked.root()).toBe(stateRoot(tracked.state));
        if (batch[0]?.look === 'total') expect(tracked.totalMicro()).toBe(totalMicro(tracked.state));
      }
      expect(tracked.root()).toBe(stateRoot(tracked.state));
      expect(tracked.totalMicro()).toBe(totalMicro(tracked.state));
      expect(tracked.records()).toBe(tracked.state.accounts.size);
      const proof = tracked.proveAccount('a' as AccountId);
      expect(proof.record).toEqual(tracked.state.accounts.get('a'));
      expect(verifyAccountProof(tracked.root(), proof)).toBe(true);
    }),
  );
});

test('what is frozen holds still through commits until it has been used', async () => {
  const tracked = new TrackedState(emptyState());
  const put = (key: string, balanceMicro: bigint) => {
    const draft = draftOn(tracked.state);
    draft.accounts.set(key, { balanceMicro, nonce: 0 });
    tracked.commit(draft);
  };
  put('a', 1n);
  const seen = await tracked.frozen(async (records) => {
    put('a', 2n);
    put('b', 3n);
    return [...records];
  });
  expect(seen).toEqual([['accounts', 'a', { balanceMicro: 1n, nonce: 0 }]]);
  expect([...tracked.state.accounts.keys()]).toEqual(['a', 'b']);
});
