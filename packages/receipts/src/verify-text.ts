import { messageOf } from '@market-of-experts/core';
import { saltedDataHash } from '@market-of-experts/protocol';
import { previewCharacters } from './preview.ts';
import { expect, type KnownReceipt, orderOf, type ReceiptCheck } from './receipt-checks.ts';
import { receiptIdParts } from './receipt-id.ts';

/**
 * Whether the text is the one that was ordered. The only check that needs the text, and so the only one that not everybody
 * can make: who did not pay sees its salted hash alone, and of a long text no more than the beginning is kept.
 */
export function checkText({ document, record }: KnownReceipt): ReceiptCheck {
  const name = 'text';
  const item = receiptIdParts(document.id)?.item ?? 0;
  const dataHash = orderOf(record)?.dataHash ?? record.items?.[item]?.dataHash;
  const salt = record.salts?.[item];
  const skipped = (why: string): ReceiptCheck => ({ name, ok: true, isSkipped: true, detail: why });
  if (record.preview === undefined || salt === undefined)
    return skipped(`only who paid sees the text; its salted hash is ${dataHash ?? 'not known'}`);
  if (record.preview.length >= previewCharacters - 1 || item > 0)
    return skipped('no more than the beginning of the text is kept');
  try {
    expect(saltedDataHash(record.preview, salt) === dataHash, 'The text is not the one that was ordered.');
    return { name, ok: true, detail: 'the text and its salt give the hash that was ordered' };
  } catch (error) {
    return { name, ok: false, detail: messageOf(error) };
  }
}
