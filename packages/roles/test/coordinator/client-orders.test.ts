import { type AccountId, generateOwnerKey, type MarketId } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import type { Prepaid } from '@market-of-experts/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientOrders, type TakenOrder } from '../../src/coordinator/client-orders.ts';

const keys = generateOwnerKey();
const client = keys.address;

/** Orders over a ledger of which only the locked money matters. */
function ordersWith(lockedMicro: bigint, pendingFees: readonly [number, bigint][] = []) {
  const state: { -readonly [Name in 'lockedMicro' | 'leaving']?: Prepaid[Name] } & { lockedMicro: bigint } = {
    lockedMicro,
  };
  const orders = clientOrders({
    ledger: { prepaid: () => state } as unknown as Ledger,
    market: 'text-embedding' as MarketId,
    keysOf: (account) => (account === client ? keys : undefined),
    firstSeq: () => pendingFees.length,
    pendingFees: pendingFees.map(([clientSeq, feeMicro]) => ({ client, clientSeq, feeMicro })),
  });
  return { orders, state };
}

describe('client orders', () => {
  it('are numbered without gaps; a refused one takes no number', () => {
    const { orders } = ordersWith(100n);
    expect(orders.take(client, 60n).clientSeq).toBe(0);
    expect(() => orders.take(client, 41n)).toThrow(/prepaid credits left/);
    expect(orders.take(client, 40n).clientSeq).toBe(1);
    expect(orders.balance(client)).toEqual({ availableMicro: 0n, reservedMicro: 100n });
  });

  it('go on after a restart where the unsettled ones end, whose fees stay set aside', () => {
    const { orders } = ordersWith(100n, [
      [0, 30n],
      [1, 20n],
    ]);
    expect(orders.balance(client)).toEqual({ availableMicro: 50n, reservedMicro: 50n });
    expect(orders.take(client, 50n).clientSeq).toBe(2);
  });

  it('do not count on what the client is taking out; those that were open go on, paid from all of it', () => {
    const { orders, state } = ordersWith(100n);
    const open = orders.take(client, 60n);
    state.leaving = { amountMicro: 80n, fromEpoch: 9 };
    expect(() => orders.take(client, 1n)).toThrow(/has 0 prepaid credits left/);
    expect(() => orders.extend(open, 1n)).toThrow(/has 0 prepaid credits left/);
    expect(orders.balance(client)).toEqual({
      availableMicro: 0n,
      reservedMicro: 60n,
      leaving: { amountMicro: 80n, fromEpoch: 9 },
    });
    orders.decide(open, 15n);
    expect(orders.balance(client)).toMatchObject({ availableMicro: 5n, reservedMicro: 15n });
    orders.take(client, 5n);
  });

  it('get back what is held, hold it again where an order did not need it, and nothing once the hold has ended', () => {
    const { orders } = ordersWith(100n);
    const hold = orders.hold(client, 60n);
    hold.release(40n);
    const order = orders.take(client, 40n);
    orders.extend(order, -40n);
    hold.restore(40n);
    expect(orders.balance(client)).toEqual({ availableMicro: 40n, reservedMicro: 60n });
    expect(() => orders.take(client, 41n)).toThrow(/prepaid credits left/);
    hold.release(1_000n);
    expect(orders.balance(client).reservedMicro).toBe(0n);
    hold.restore(10n);
    hold.end();
    hold.end();
    hold.restore(10n);
    expect(orders.balance(client)).toEqual({ availableMicro: 100n, reservedMicro: 0n });
  });

  it('of a stranger are refused', () => {
    expect(() => ordersWith(1n).orders.take(`0x${'0'.repeat(40)}` as AccountId, 0n)).toThrow(
      /does not hold the order key/,
    );
  });

  it('never promise more than is locked, and set aside exactly what is open', () => {
    const amount = fc.bigInt(0n, 60n);
    const step = fc.tuple(fc.constantFrom('take', 'extend', 'shrink', 'decide', 'settle'), fc.nat(9), amount);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { orders, state } = ordersWith(200n);
        const open: { order: TakenOrder; amountMicro: bigint; isDecided: boolean }[] = [];
        for (const [kind, pick, amountMicro] of steps) {
          const undecided = open.filter(({ isDecided }) => !isDecided);
          const chosen = undecided[pick % Math.max(1, undecided.length)];
          try {
            if (kind === 'take')
              open.push({ order: orders.take(client, amountMicro), amountMicro, isDecided: false });
            else if (kind === 'settle' && open[0]?.isDecided) {
              state.lockedMicro -= open[0].amountMicro;
              const { clientSeq } = open.shift()!.order;
              orders.settled(client, clientSeq + 1);
            } else if (chosen !== undefined && kind === 'extend') {
              orders.extend(chosen.order, amountMicro);
              chosen.amountMicro += amountMicro;
            } else if (chosen !== undefined && kind === 'shrink') {
              const less = amountMicro < chosen.amountMicro ? amountMicro : chosen.amountMicro;
              orders.extend(chosen.order, -less);
              chosen.amountMicro -= less;
            } else if (chosen !== undefined && kind === 'decide') {
              chosen.amountMicro = amountMicro < chosen.amountMicro ? amountMicro : chosen.amountMicro;
              orders.decide(chosen.order, chosen.amountMicro);
              chosen.isDecided = true;
            }
          } catch (error) {
            expect(error).toMatchObject({ code: 'insufficient-funds' });
          }
          const reservedMicro = open.reduce((sum, each) => sum + each.amountMicro, 0n);
          expect(orders.balance(client)).toEqual({
            availableMicro: state.lockedMicro - reservedMicro,
            reservedMicro,
          });
          expect(state.lockedMicro >= reservedMicro).toBe(true);
        }
      }),
    );
  });
});
