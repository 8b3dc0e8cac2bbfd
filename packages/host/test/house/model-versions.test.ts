import { hashOf, type NodeId } from '@market-of-experts/core';
import { embeddedMarketId } from '@market-of-experts/host/embedded-market';
import { founders, withTestMarket } from '@market-of-experts/testing/test-market';
import { expect, it } from 'vitest';

it('experts tell the ledger what they are when they join, and again only when they are something else', async () => {
  await withTestMarket({}, async (opened) => {
    const versionsOf = (name: string) => {
      const { experts } = opened.market.service.status();
      const { id } = experts.find((each) => each.name === name)!;
      return opened.market.ledger.expert(embeddedMarketId, id as NodeId)!.versions!;
    };
    const before = founders.map(({ name }) => versionsOf(name));
    expect(before.map((versions) => versions.length)).toEqual([1, 1, 1]);
    expect(new Set(before.map(([first]) => first!.version.textKey)).size).toBe(3);
    await opened.reopen();
    expect(founders.map(({ name }) => versionsOf(name))).toEqual(before);
    // Another model under the same name.
    const [, mixed, grams] = founders;
    await opened.reopen({ others: [{ ...mixed, modelVersion: hashOf('test/model', 'next') }, grams] });
    const [first, second] = versionsOf(mixed.name);
    expect(first).toEqual(before[1]![0]);
    expect(second!.version.model).toBe(hashOf('test/model', 'next'));
    expect(second!.version.textKey).not.toBe(first!.version.textKey);
    expect(versionsOf(grams.name)).toEqual(before[2]);
  });
});
