import type { MarketId, NodeId } from '@market-of-experts/core';
import type { LedgerClient } from '@market-of-experts/sdk';
import { describe, expect, it } from 'vitest';
import { resolveTarget } from '../../src/ledger/resolve-target.ts';

const ids = ['a', 'b', 'c'].map((letter) => letter.repeat(64) as NodeId);
const [first, second, third] = ids as [NodeId, NodeId, NodeId];
const market = 'texts' as MarketId;
const nodes = [
  { node: first, name: 'twin', role: 'expert' },
  { node: second, name: 'twin', role: 'expert' },
  { node: third, name: 'a/b: c', role: 'expert' },
  { node: third, name: 'validator', role: 'validator' },
];
const client = {
  validators: async () => ({ validators: nodes.filter(({ role }) => role === 'validator') }),
  metagraph: async () => ({ nodes }),
} as unknown as LedgerClient;

describe('a target', () => {
  it.each([
    ['validator:validator', { role: 'validator', node: third }],
    [`validator:${third}`, { role: 'validator', node: third }],
    ['texts/a/b: c', { role: 'expert', market, node: third }],
    [`texts/${first.slice(0, 8)}`, { role: 'expert', market, node: first }],
  ])('is meant by %s', async (text, target) => {
    expect(await resolveTarget(client, text)).toEqual(target);
  });

  it.each([
    [
      'texts/twin',
      /"twin" is the name of 2 nodes, or looks like it; say which by its id: texts\/a{16}, texts\/b{16}\./,
    ],
    ['texts/validator', /There is no expert of texts "validator"\. `moe metagraph texts` shows/],
    [`texts/${first.slice(0, 7)}`, /There is no expert/],
    ['validator:twin', /There is no validator "twin"\. `moe validator list` shows/],
    ['twin', /Write validator:NAME or MARKET\/NAME/],
    ['Texts/twin', /"Texts" is no name of a market/],
    ['texts/\u001b[2Jx', /There is no expert of texts " ?x"/],
  ])('is not meant by %s', async (text, message) => {
    await expect(resolveTarget(client, text)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(message),
    });
  });
});
