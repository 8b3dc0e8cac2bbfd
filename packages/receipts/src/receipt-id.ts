import type { Hash } from '@market-of-experts/core';

/** Parts of an edition, and an exam. */
const mostReceipts = 9;
const single = '[0-9a-f]{64}(?:-(?:0|[1-9]\\d{0,5}))?';
const ofEdition = new RegExp(`^([0-9a-f]{64})((?:\\.${single}){0,${mostReceipts}})$`);

/** Id of an order, and the number of the request in a tally. */
export function receiptIdParts(id: string): { readonly order: string; readonly item?: number } | undefined {
  const match = /^([0-9a-f]{64})(?:-(0|[1-9]\d{0,5}))?$/.exec(id);
  if (match === null) return undefined;
  return { order: match[1]!, ...(match[2] === undefined ? {} : { item: Number(match[2]) }) };
}

/** Id of the receipt of a text: the edition that served it, and the receipts of the parts that are paid and of an exam. */
export function editionReceiptId(edition: Hash, receipts: readonly string[]): string {
  return [edition, ...receipts].join('.');
}

/** The same with the receipt of an exam on the text. */
export function withExam(receiptId: string, exam: string): string {
  return `${receiptId}.${exam}`;
}

/** What {@link editionReceiptId} was made of; undefined for another id. */
export function editionReceiptParts(
  id: string,
): { readonly edition: Hash; readonly receipts: readonly string[] } | undefined {
  const match = ofEdition.exec(id);
  if (match === null) return undefined;
  return { edition: match[1] as Hash, receipts: match[2]!.split('.').slice(1) };
}
