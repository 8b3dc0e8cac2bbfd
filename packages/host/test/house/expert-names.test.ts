import type { MarketId, NodeId } from '@market-of-experts/core';
import type { Expert } from '@market-of-experts/protocol';
import { expect, it } from 'vitest';
import { expertNames } from '../../src/house/expert-names.ts';

it('shows a newcomer who imitates a name beside whom it imitates, both with their ids', () => {
  const node = (digit: string): NodeId => digit.repeat(64) as NodeId;
  let experts = [{ node: node('a'), name: 'minilm-l6' }];
  const ledger = { height: () => experts.length, experts: () => experts as unknown as readonly Expert[] };
  const nameOf = expertNames(ledger, 'text-embedding' as MarketId);
  expect(nameOf(node('a'))).toBe('minilm-l6');
  experts = [...experts, { node: node('b'), name: 'miniIm-l6' }, { node: node('c'), name: 'lexical' }];
  expect(['a', 'b', 'c', 'd'].map((digit) => nameOf(node(digit)))).toEqual([
    'minilm-l6#aaaaaaaa',
    'miniIm-l6#bbbbbbbb',
    'lexical',
    'dddddddd',
  ]);
});
