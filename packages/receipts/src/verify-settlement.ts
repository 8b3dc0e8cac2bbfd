import { decode, hashBytes, type NodeId, verifySignature } from '@market-of-experts/core';
import {
  type Effects,
  innerSignatures,
  netSettlement,
  parseSettlementDetail,
  type Roster,
  type SettlementBody,
  settlementBodySchema,
} from '@market-of-experts/protocol';
import { z } from 'zod';
import { type Check, expect, expectSame, type KnownReceipt, same } from './receipt-checks.ts';

/**
 * Checks that the receipt was settled: its effects are in the batch, the batch's sums are what the settlement pays,
 * and the validators signed it. Without a roster (a void names none) it is not checked who they were.
 */
export async function checkSettlement(
  { document, record }: KnownReceipt,
  roster: Roster | undefined,
  check: Check,
): Promise<void> {
  if (record.batch === undefined) return;
  await check('settlement', () => {
    const { detail, signed } = document.settlement ?? {};
    expect(detail !== undefined && signed !== undefined, 'The batch is no longer kept here.');
    const detailBytes = new Uint8Array(Buffer.from(detail!, 'base64'));
    const { settlement, signatures } = decode(
      new Uint8Array(Buffer.from(signed!, 'base64')),
      signedSettlementSchema,
    ) as { settlement: SettlementBody; signatures: { node: NodeId; signature: Uint8Array }[] };
    expect(
      hashBytes(detailBytes) === settlement.root,
      'The effects are not those that the settlement names.',
    );
    const effects = parseSettlementDetail(detailBytes);
    expect(
      effects.some((each) => same(each, record.effects)),
      'The settlement does not hold this receipt.',
    );
    expect(settlement.batch === record.batch, 'The settlement is another batch than the one recorded.');
    assertNetting(settlement, effects);
    assertValidators(settlement, signatures, roster);
    return `batch ${settlement.batch} pays it among ${effects.length} order(s); the sums are right and ${roster === undefined ? `${signatures.length} signed` : 'the validators signed'}`;
  });
}

const signedSettlementSchema = z.strictObject({
  settlement: settlementBodySchema,
  signatures: z.array(z.strictObject({ node: z.string(), signature: z.instanceof(Uint8Array) })).max(256),
});

function assertNetting(settlement: SettlementBody, effects: readonly Effects[]): void {
  const from = new Map(settlement.orders.map(({ client, fromSeq }) => [client as string, fromSeq]));
  const netted = netSettlement(effects, { ...settlement, nextOrderSeq: (client) => from.get(client) ?? -1 });
  expectSame(netted, settlement, 'The settlement does not pay the sum of its effects.');
}

/** Without a roster it is only known that somebody signed. */
function assertValidators(
  settlement: SettlementBody,
  signatures: readonly { readonly node: NodeId; readonly signature: Uint8Array }[],
  roster: Roster | undefined,
): void {
  const signers = new Set<string>(
    innerSignatures({ kind: 'settle', settlement, signatures } as Parameters<typeof innerSignatures>[0])
      .filter(({ by, bytes, signature }) => verifySignature(by, bytes, signature))
      .map(({ by }) => by),
  );
  expect(signers.size === signatures.length, 'A signature on the settlement does not hold.');
  if (roster === undefined) {
    expect(signers.size > 0, 'No signature on the settlement holds.');
    return;
  }
  const total = roster.validators.reduce((sum, { stakeMicro }) => sum + stakeMicro, 0n);
  const signed = roster.validators
    .filter(({ node }) => signers.has(node))
    .reduce((sum, { stakeMicro }) => sum + stakeMicro, 0n);
  expect(total > 0n && 3n * signed >= 2n * total, 'Validators with two thirds of the stake did not sign it.');
}
