import { join } from 'node:path';
import type { Amount } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger/fold/ledger';
import { openLedger } from '@market-of-experts/ledger/fold/open-ledger';
import { fileSnapshots, type SnapshotStore } from '@market-of-experts/ledger/fold/snapshots';
import { embeddedLog } from '@market-of-experts/ledger/log/embedded-log';
import { embeddedReceipts } from '@market-of-experts/ledger/receipts/embedded-receipts';
import type { ReceiptStore } from '@market-of-experts/ledger/receipts/receipts';
import { openStore } from '@market-of-experts/ledger/store/embedded-store';
import {
  certificateOf,
  client,
  FEE_MICRO,
  LOCKED_MICRO,
  MARKET,
  marketOwner,
  NETWORK,
  orderOf,
  scenarioGenesis,
  traders,
} from './scenario.ts';

/** What a killed process had acknowledged. */
export interface Acknowledged {
  readonly transfers: readonly { readonly index: number; readonly trader: number; readonly nonce: number }[];
  /** Orders below this number had a durable receipt. */
  readonly receiptsBelow: number;
  /** Orders below this number were settled. */
  readonly settledBelow: number;
}

export interface Audit {
  readonly lostMicro: Amount;
  readonly inventedMicro: Amount;
  /** What else is wrong, in sentences. */
  readonly problems: readonly string[];
  readonly height: number;
  /** Receipts that the dead process had settled but not marked as settled. */
  readonly settledUnmarked: number;
}

/**
 * Opens what a killed process left, as the next process will, and compares it with what was acknowledged. A
 * snapshot is read if there is one but none is written; with `fromGenesis` none is read either.
 */
export async function auditDirectory(
  directory: string,
  acknowledged: Acknowledged,
  options: { readonly fromGenesis: boolean },
): Promise<Audit> {
  const store = openStore(directory);
  const files = fileSnapshots(join(directory, 'snapshots'));
  const readOnly: SnapshotStore = { newestFirst: files.newestFirst, save: async () => {} };
  const problems: string[] = [];
  try {
    const ledger = await openLedger({
      log: embeddedLog(store),
      network: NETWORK,
      genesis: scenarioGenesis(),
      onWarning: (message) => problems.push(message),
      ...(options.fromGenesis ? {} : { snapshots: readOnly }),
    });
    const money = await auditMoney(ledger, acknowledged.transfers, problems);
    const settledUnmarked = await auditReceipts(ledger, embeddedReceipts(store), acknowledged, problems);
    return { ...money, problems, height: ledger.height(), settledUnmarked };
  } finally {
    await store.close();
  }
}

async function auditMoney(
  ledger: Ledger,
  transfers: Acknowledged['transfers'],
  problems: string[],
): Promise<{ lostMicro: Amount; inventedMicro: Amount }> {
  const missing = ledger.settings().supplyMicro - ledger.totalMicro();
  let lostMicro = missing > 0n ? missing : 0n;
  let inventedMicro = missing < 0n ? -missing : 0n;
  for (const { index, trader, nonce } of transfers) {
    const [entry] = await ledger.entries(index, 1);
    const from = traders[trader]!.address;
    if (entry?.by === from && entry.transaction.nonce === nonce && ledger.account(from).nonce > nonce)
      continue;
    lostMicro += BigInt(1 + (nonce % 97));
    problems.push(
      `Transfer ${nonce} of trader ${trader} was acknowledged at entry ${index} and is not there.`,
    );
  }
  const prepaid = ledger.prepaid(client.address, MARKET);
  if (prepaid !== undefined) {
    const orders = BigInt(prepaid.nextOrderSeq);
    const overcharged = LOCKED_MICRO - prepaid.lockedMicro - orders * FEE_MICRO;
    const overpaid = ledger.account(marketOwner.address).balanceMicro - orders * 2n;
    if (overcharged !== 0n || overpaid !== 0n)
      problems.push(`${orders} orders are settled, but not exactly once each.`);
    if (overcharged > 0n) lostMicro += overcharged;
    if (overpaid > 0n) inventedMicro += overpaid;
  }
  return { lostMicro, inventedMicro };
}

async function auditReceipts(
  ledger: Ledger,
  receipts: ReceiptStore,
  acknowledged: Acknowledged,
  problems: string[],
): Promise<number> {
  const nextSeq = ledger.nextOrderSeq(client.address, MARKET);
  if (nextSeq < acknowledged.settledBelow)
    problems.push(`Order ${acknowledged.settledBelow - 1} was acknowledged as settled and is not.`);
  const have = Math.max(nextSeq, acknowledged.receiptsBelow);
  // The newest are those that a crash could have touched.
  for (let seq = Math.max(0, have - 50); seq < have; seq += 1)
    if ((await receipts.get(certificateOf(seq).id)) === undefined)
      problems.push(`The receipt of order ${seq} is missing.`);
  const pending = (await receipts.listPending(1_000)).map(({ bytes }) => orderOf(bytes).seq);
  const open = pending.filter((seq) => seq >= nextSeq);
  if (open.some((seq, index) => seq !== nextSeq + index))
    problems.push(`The receipts still to settle (${open.join(', ')}) do not follow on order ${nextSeq}.`);
  return pending.length - open.length;
}
