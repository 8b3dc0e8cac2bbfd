import { hashOf, MoeError, type NodeId } from '@market-of-experts/core';
import { expect, it } from 'vitest';
import { endOf, hungExperts } from '../../src/coordinator/hung-experts.ts';

const worker = hashOf('test/node', 'worker') as string as NodeId;
const other = hashOf('test/node', 'other') as string as NodeId;
const open = () => {
  const clock = { nowMs: () => time.ms };
  const time = { ms: 0 };
  const told: NodeId[] = [];
  return { hung: hungExperts(clock, (node) => told.push(node)), time, told };
};

it('three messages without an answer make an expert away, an answer in between does not; others are asked', () => {
  const { hung, told } = open();
  for (const end of ['unanswered', 'unanswered', 'answered', 'unanswered', 'unknown', 'unanswered'] as const)
    hung.sent(worker)(end);
  expect(hung.canAsk(worker)).toBe(true);
  // One that was sent before, and is answered late, counts as well.
  const late = hung.sent(worker);
  hung.sent(worker)('unanswered');
  expect([hung.canAsk(worker), hung.canAsk(other), told]).toEqual([false, true, [worker]]);
  late('answered');
  expect(hung.canAsk(worker)).toBe(true);
});

it('after a minute one message tries it; one that says nothing leaves it to the next', () => {
  const { hung, time } = open();
  for (const _ of [1, 2, 3]) hung.sent(worker)('unanswered');
  time.ms = 59_999;
  expect(hung.canAsk(worker)).toBe(false);
  time.ms = 60_000;
  const trial = hung.sent(worker);
  expect(hung.canAsk(worker)).toBe(false);
  trial('unknown');
  expect(hung.canAsk(worker)).toBe(true);
  hung.sent(worker)('unanswered');
  expect(hung.canAsk(worker)).toBe(false);
  time.ms = 120_000;
  hung.sent(worker)('answered');
  for (const _ of [1, 2]) hung.sent(worker)('unanswered');
  expect(hung.canAsk(worker)).toBe(true);
});

it('clients that go away early say nothing of an expert, those that waited half of its time do; a refusal is an answer', () => {
  const error = (code: 'request-aborted' | 'request-timeout' | 'peer-unreachable' | 'message-refused') =>
    new MoeError(code, 'It came to nothing.');
  expect(endOf(error('request-aborted'), 14_999, 30_000)).toBe('unknown');
  expect(endOf(error('request-aborted'), 15_000, 30_000)).toBe('unanswered');
  expect(endOf(error('request-timeout'), 30_000, 30_000)).toBe('unanswered');
  expect(endOf(error('peer-unreachable'), 1, 30_000)).toBe('unknown');
  expect(endOf(error('message-refused'), 1, 30_000)).toBe('answered');
  expect(endOf(new TypeError('bytes'), 1, 30_000)).toBe('answered');
});
