import type { NetworkFacts } from '@market-of-experts/api/ledger-facts';
import { formatCredits } from '@market-of-experts/core';
import type { Market, Validator } from '@market-of-experts/protocol';
import { LEDGER_TIME } from '@market-of-experts/protocol';
import { jsonOf } from '@market-of-experts/sdk';
import { connectLedger } from '../connection/connect.ts';
import type { ConnectionOptions } from '../connection/connection.ts';
import { print, printJson } from '../terminal/print.ts';
import { bar } from '../terminal/progress-line.ts';
import { formatAmount, formatDuration, formatShare, paint, plural, printable } from '../terminal/text.ts';

/** `moe epoch` */
export async function showEpoch(flags: ConnectionOptions & { readonly json?: boolean }): Promise<void> {
  const client = connectLedger(flags);
  const network = await client.network();
  if (flags.json) return printJson(jsonOf(network));
  const { markets } = await client.markets();
  const { validators } = await client.validators();
  const { epoch, epochStartedMs, epochEndsMs, rules } = network;
  const leftMs = epochEndsMs - Date.now();
  const share = (Date.now() - epochStartedMs) / Math.max(1, epochEndsMs - epochStartedMs);
  print(`${paint('bold', `Epoch ${epoch}`)} of ${network.network}`);
  print(`${bar(share, 30)}  ${leftMs > 0 ? `ends in ${formatDuration(leftMs)}` : overdue(-leftMs)}`);
  if (Date.now() < epochStartedMs - LEDGER_TIME.skewMs)
    print(
      `The ledger's last time, ${new Date(epochStartedMs).toISOString()}, lies in the future by this machine's clock, ${new Date().toISOString()}.`,
    );
  print();
  const { presentMicro, seatedMicro, sentences } = network.attendance;
  print(
    `Validators with ${formatCredits(presentMicro)} of ${formatCredits(seatedMicro)} credits of stake are present; two thirds of them must sign.`,
  );
  for (const sentence of sentences) print(`  ${printable(sentence)}`);
  print();
  print('At its end, in this order:');
  for (const line of endOf(network, markets, validators)) print(`  ${line}`);
  print();
  print(
    paint(
      'dim',
      `An epoch lasts ${formatDuration(rules.epochMs)} at least. Unbonding takes ${plural(rules.unbondingEpochs, 'epoch')}, notice of new terms and commissions ${plural(rules.noticeEpochs, 'epoch')}.`,
    ),
  );
}

function overdue(ms: number): string {
  if (ms > LEDGER_TIME.overdueMs)
    return `over for ${formatDuration(ms)}: it is ended only when the operator says that the clock is right (moe up --accept-clock)`;
  return `over for ${formatDuration(ms)}: validators are ending it`;
}

function endOf(
  network: NetworkFacts,
  markets: readonly Market[],
  validators: readonly Validator[],
): string[] {
  const next = network.epoch + 1;
  const newMoney = newMoneyOf(network, markets);
  const begins = (what: string): string => `${what} begins with epoch ${next}`;
  return [
    ...markets.map(
      ({ market, terms, poolMicro }) =>
        `${market}: experts are ranked by the weights that were opened, and ${terms.emission.perEpochMicro === 0n ? 'nothing is emitted (a market of fees only)' : `its pool (${formatCredits(poolMicro)} now${newMoney.has(market) ? `, and up to ${formatCredits(newMoney.get(market)!)} of new money` : ''}) pays up to ${formatAmount(terms.emission.perEpochMicro)}`}`,
    ),
    ...validators.flatMap(({ name, nextCommission }) =>
      nextCommission?.fromEpoch === next
        ? [begins(`the commission of ${formatShare(nextCommission.bps)} of ${printable(name)}`)]
        : [],
    ),
    ...markets.flatMap(({ market, next: announced, closesAtEpoch }) => [
      ...(announced?.fromEpoch === next ? [begins(`what was announced as new terms of ${market}`)] : []),
      ...(closesAtEpoch === next ? [`${market} closes`] : []),
    ]),
    'prices of registrations fall towards their floors',
    `what is unbonded until epoch ${next} is paid out`,
    ...validators.flatMap(({ name, leavesAtEpoch }) =>
      leavesAtEpoch === next ? [`validator ${printable(name)} is gone, its stake paid out`] : [],
    ),
    'stake and delegations that were added in this epoch begin to count',
  ];
}

/** What the network makes for each market's pool at the end of an epoch, before halvings. */
function newMoneyOf(
  { rules, mintedMicro }: NetworkFacts,
  markets: readonly Market[],
): ReadonlyMap<string, bigint> {
  const leftMicro = rules.mint.capMicro - mintedMicro;
  const allMicro = rules.mint.perEpochMicro < leftMicro ? rules.mint.perEpochMicro : leftMicro;
  const taking = markets.filter(
    ({ mintWeight, closesAtEpoch, terms }) =>
      mintWeight > 0 && closesAtEpoch === undefined && terms.emission.perEpochMicro > 0n,
  );
  const weights = BigInt(taking.reduce((sum, { mintWeight }) => sum + mintWeight, 0));
  if (allMicro <= 0n) return new Map();
  return new Map(taking.map(({ market, mintWeight }) => [market, (allMicro * BigInt(mintWeight)) / weights]));
}
