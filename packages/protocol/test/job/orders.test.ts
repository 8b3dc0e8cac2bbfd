import { hashOf, type NodeId, signBody } from '@market-of-experts/core';
import { describe, expect, it } from 'vitest';
import { type Order, type OrderBody, orderDomain } from '../../src/job/messages.ts';
import { inJobOrder, jobIdOf, jobTermsOf, orderId } from '../../src/job/orders.ts';
import { fixtureJob, ownerOf, roster } from './job-fixture.ts';

const { order: sample } = fixtureJob('orders');
const orderOf = (client: string, changes: Partial<OrderBody> = {}): Order => {
  const owner = ownerOf(client);
  return signBody(owner, orderDomain, { ...sample.body, client: owner.address, ...changes });
};
const sorted = (...orders: Order[]): Order[] =>
  inJobOrder(orders.map((order) => ({ order }))).map(({ order }) => order);
const three = sorted(
  orderOf('a'),
  orderOf('b', { bytes: 2_048, deadlineMs: 9 }),
  orderOf('c', { tipMicro: 7n }),
);

describe('orders of one job', () => {
  it('have one coordinator, the earliest deadline, and a fee each', () => {
    const terms = jobTermsOf(three, roster);
    expect(terms.coordinator).toBe(sample.body.coordinator);
    expect(terms.deadlineMs).toBe(1);
    const fees = new Map(three.map(({ body }, index) => [body.client, terms.feesMicro[index]]));
    expect(['a', 'b', 'c'].map((name) => fees.get(ownerOf(name).address))).toEqual([
      10_000n,
      20_000n,
      10_007n,
    ]);
  });

  it('stand in one order only, so that nobody chooses between draws', () => {
    expect(jobIdOf(three.map(({ body }) => body))).not.toBe(
      jobIdOf(three.toReversed().map(({ body }) => body)),
    );
    expect(() => jobTermsOf(three.toReversed(), roster)).toThrow(/sorted by their ids/);
  });

  const twelve = Array.from({ length: 12 }, (_, clientSeq) => orderOf('many', { clientSeq }));
  it.each<readonly [string, readonly Order[], RegExp]>([
    ['no order', [], /1 to 12 orders/],
    ['more than twelve', sorted(...twelve, orderOf('last')), /1 to 12 orders/],
    ['an order twice', [three[0]!, three[0]!], /each once/],
    ['one number twice', sorted(orderOf('a'), orderOf('a', { tipMicro: 1n })), /same number/],
    [
      'another coordinator’s',
      sorted(orderOf('a'), orderOf('b', { coordinator: hashOf('x', 1) as string as NodeId })),
      /one coordinator/,
    ],
    ['another market’s', sorted(orderOf('a'), orderOf('b', { market: 'elsewhere' as never })), /is for/],
    ['a fee that is not covered', sorted(orderOf('a'), orderOf('b', { maxFeeMicro: 9_999n })), /allows 9999/],
    [
      'more text than a message carries',
      sorted(...twelve.map(({ body }) => orderOf('many', { ...body, bytes: 32_768 }))),
      /together at most/,
    ],
    [
      'one that its client has not signed',
      sorted(orderOf('a'), { ...orderOf('b'), by: ownerOf('a').address }),
      /not signed by its client/,
    ],
  ])('are not %s', (_, orders, reason) => {
    expect(() => jobTermsOf(orders, roster)).toThrow(reason);
  });

  it('have ids that name every field', () => {
    expect(orderId(sample.body)).toBe(orderId({ ...sample.body }));
    expect(new Set([orderId(sample.body), orderId({ ...sample.body, tipMicro: 1n })]).size).toBe(2);
  });
});
