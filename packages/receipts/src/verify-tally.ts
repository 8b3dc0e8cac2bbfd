import { verifyBody } from '@market-of-experts/core';
import { type Roster, tallyDomain, tallyEffects, tallyItemsHash } from '@market-of-experts/protocol';
import { type Check, expect, expectSame, type KnownReceipt, same } from './receipt-checks.ts';
import { receiptIdParts } from './receipt-id.ts';
import { sessionId } from './session-id.ts';

/** Routed work: client and expert signed for it, and the payments follow. */
export async function checkTally(
  { document, record }: KnownReceipt,
  roster: Roster,
  check: Check,
): Promise<void> {
  if (record.proof.kind !== 'tally') return;
  const { client, worker } = record.proof.tally;
  await check('tally', () => {
    expect(
      client.by === client.body.client && verifyBody(tallyDomain, client),
      'The client did not sign the tally.',
    );
    expect(
      worker.by === client.body.worker && same(worker.body, client.body) && verifyBody(tallyDomain, worker),
      'The expert did not sign the tally.',
    );
    return `${client.body.requests} request(s), signed by the client and the expert`;
  });
  await check('item', () => {
    const items = record.items ?? [];
    expect(tallyItemsHash(items) === client.body.items, 'The requests are not those of the tally.');
    const fees = items.reduce((sum, { feeMicro }) => sum + feeMicro, 0n);
    expect(fees === client.body.feeMicro, 'The fees of the requests do not add up to the tally.');
    const parts = receiptIdParts(document.id);
    expect(parts?.order === sessionId(client.body, record.atMs), 'The id is that of another order.');
    return parts!.item === undefined
      ? `${items.length} requests`
      : `request ${parts!.item + 1} of ${items.length}`;
  });
  await check('payment', () => {
    expectSame(record.effects, tallyEffects(client.body, roster), 'The payments are not what the rules say.');
    return 'the shares follow from the tally';
  });
}
