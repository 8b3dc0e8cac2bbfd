/** The account of the API key does not run dry while there is a budget, and says so in time when there is none. */
import { formatCredits } from '@market-of-experts/core';
import {
  embedOne,
  fundedOwner,
  longText,
  settled,
  withTestMarket,
} from '@market-of-experts/testing/test-market';
import { expect, it, vi } from 'vitest';
import { embeddedMarketId } from '../../src/embedded-market.ts';

const prepaid = { lockMicro: 20_000n, lowMicro: 10_000n, budgetMicro: 30_000n };

it('is topped up within its budget, over restarts; what others send is prepaid at once', () =>
  withTestMarket({ prepaid }, async (test) => {
    const { warnings } = test;
    const lockedMicro = () =>
      test.market.ledger.prepaid(test.market.clientAccount, embeddedMarketId)!.lockedMicro;
    let jobs = 0;
    let paidMicro = 0n;
    /** Until the account cannot pay any more. */
    const spend = async (most: number): Promise<unknown> => {
      for (let number = 0; number < most; number += 1)
        try {
          const { feeMicro } = await embedOne(test.market, longText(jobs), 'shard');
          jobs += 1;
          paidMicro += feeMicro;
          await settled(test.market, jobs);
          const leftMicro = test.market.service.balance(test.market.clientAccount).availableMicro;
          // The keeper comes after the settlement.
          if (leftMicro < prepaid.lowMicro && warnings.length === 0)
            await vi.waitFor(() =>
              expect(warnings.length > 0 || lockedMicro() >= prepaid.lowMicro).toBe(true),
            );
        } catch (error) {
          return error;
        }
      return undefined;
    };
    while (paidMicro <= prepaid.lockMicro) expect(await spend(1)).toBeUndefined();
    expect(test.market.service.status().notices).toEqual([]);
    // More than it began with is paid, and the service goes on.
    await test.reopen();
    expect(await spend(200)).toMatchObject({ code: 'insufficient-funds' });
    expect(paidMicro + lockedMicro()).toBeLessThanOrEqual(prepaid.lockMicro + prepaid.budgetMicro);
    expect(paidMicro).toBeGreaterThan(prepaid.budgetMicro);
    expect(warnings).toEqual([expect.stringMatching(/prepaid credits left .* moe transfer client/)]);
    // For as long as it is so, with what is left now.
    expect(test.market.service.status().notices).toEqual([
      expect.stringMatching(
        new RegExp(`has ${formatCredits(lockedMicro())} prepaid credits left .* moe transfer client CREDITS`),
      ),
    ]);
    const friend = await fundedOwner(test.market, test.dataDir, 10);
    const before = lockedMicro();
    await test.market.ledger.transact(friend, {
      kind: 'transfer',
      to: test.market.clientAccount,
      amountMicro: 1_000_000n,
    });
    await vi.waitFor(() => expect(lockedMicro()).toBe(before + 1_000_000n));
    expect(test.market.service.status().notices).toEqual([]);
    expect(await spend(1)).toBeUndefined();
  }));
