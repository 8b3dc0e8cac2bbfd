import { type ReceiptCheck, verifyReceipt } from '@market-of-experts/roles/receipts/verify-receipt';

export type Check = ReceiptCheck;

/** The protocol's rules, run once more on what the receipt holds; `fetchBlob` gets data that it names by hash. */
export const verifyReceiptJson = verifyReceipt;
