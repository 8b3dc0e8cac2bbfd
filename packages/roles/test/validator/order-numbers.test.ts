import { type AccountId, hashOf, type JobId, MoeError } from '@market-of-experts/core';
import type { CutBody } from '@market-of-experts/protocol';
import { smallParameters } from '@market-of-experts/testing/small-market';
import { beforeEach, expect, it } from 'vitest';
import { type OrderNumbers, orderNumbers } from '../../src/validator/order-numbers.ts';

const [alice, bob] = ['a', 'b'].map((digit) => `0x${digit.repeat(40)}` as AccountId) as [
  AccountId,
  AccountId,
];
const jobOf = (name: string): JobId => hashOf('test/job', name) as string as JobId;
const cut = {} as CutBody;
type Number = readonly [AccountId, number];

/** As far as the book reads it: every order costs 6. */
const job = (name: string, ...numbers: readonly Number[]) =>
  ({
    id: jobOf(name),
    roster: { parameters: smallParameters, validators: [] },
    orders: numbers.map(([client, clientSeq]) => ({
      body: { client, clientSeq, network: 'n', market: 'm' },
    })),
    feesMicro: numbers.map(() => 6n),
  }) as unknown as Parameters<OrderNumbers['note']>[0];
const bodiesOf = (of: ReturnType<typeof job>) => of.orders.map(({ body }) => body);

let next: number;
let isRefusing: boolean;
let numbers: OrderNumbers;
beforeEach(() => {
  next = 0;
  isRefusing = false;
  const answer = async () => {
    if (isRefusing) throw new MoeError('signed-already', 'Another was signed.');
  };
  numbers = orderNumbers({
    signer: { note: answer, bindOrder: answer },
    view: {
      prepaid: () => ({ gateway: 'g', lockedMicro: 10n, nextOrderSeq: next }),
      current: () => ({ roster: { network: 'n', market: 'm', parameters: smallParameters } }),
    },
    clock: { nowMs: () => 0 },
    claims: { of: () => undefined },
  } as unknown as Parameters<typeof orderNumbers>[0]);
});

it('a number is drawn once: no other companions give another draw, nor have a job noted that others drew', async () => {
  const first = job('first', [alice, 0], [bob, 0]);
  const second = job('second', [alice, 0], [bob, 1]);
  numbers.draw(bodiesOf(first), first.id);
  numbers.draw(bodiesOf(first), first.id);
  expect(() => numbers.draw(bodiesOf(second), second.id)).toThrow(/has a ticket already/);
  await expect(numbers.note(second, cut)).rejects.toThrow(/drawn once/);
  await numbers.note(first, cut);
  // The refused job has used up no number.
  numbers.draw(bodiesOf(job('third', [bob, 1])), jobOf('third'));
});

it('what a job costs that is not noted is not kept in mind', async () => {
  isRefusing = true;
  await expect(numbers.note(job('first', [alice, 0]), cut)).rejects.toMatchObject({ code: 'order-open' });
  isRefusing = false;
  await numbers.note(job('second', [alice, 1]), cut);
  await expect(numbers.note(job('third', [alice, 2]), cut)).rejects.toThrow(/less money locked/);
  isRefusing = true;
  // What was noted before stands.
  await expect(numbers.note(job('other', [alice, 1]), cut)).rejects.toMatchObject({ code: 'order-open' });
  isRefusing = false;
  await expect(numbers.note(job('third', [alice, 2]), cut)).rejects.toThrow(/less money locked/);
});

it('nor is that of a number that is void', async () => {
  await numbers.note(job('first', [alice, 0]), cut);
  await numbers.ruleOut({ client: alice, clientSeq: 0 });
  await numbers.note(job('second', [alice, 1]), cut);
});
