import { formatAccount, isMoeError, MoeError, toHex } from '@market-of-experts/core';
import {
  signConsent,
  signTransaction,
  type Transaction,
  transactionToJson,
  typedDataJsonOf,
  warningsOfDestination,
} from '@market-of-experts/protocol';
import { askYes, canAsk } from '../terminal/ask.ts';
import { refusal, usageError } from '../terminal/exit-codes.ts';
import { print, printJson } from '../terminal/print.ts';
import { formatAmount, paint, printable } from '../terminal/text.ts';
import type { ChosenNode, ChosenOwner } from '../wallet/choose-key.ts';
import { describeAction, type OwnerAction } from './describe-action.ts';
import { firstDifference } from './first-difference.ts';
import type { LedgerClient } from './ledger-client.ts';
import type { PreviewAnswer } from './shapes.ts';
import { renderEffect } from './show-effect.ts';

export interface CarryOutOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
  /** Refuses to sign for any other network than this. */
  readonly network?: string;
  /** Sends also to accounts to which hardly anybody means to send. */
  readonly toUnusual?: boolean;
}

/** What an owner wants done. */
export interface Plan {
  readonly action: OwnerAction;
  /** Lines that say more of it, from the action itself. */
  readonly details?: readonly string[];
  /** Node that agrees to it with its key: its `consent` is filled in. */
  readonly consentOf?: ChosenNode;
}

/**
 * Shows what an action would do and cost, asks, signs and sends it. What is signed is put together here from the action
 * itself: of the market's preview only the number of the transaction is used, and it must agree in everything else.
 * Throws `refused` where the ledger says no, before anything is signed.
 */
export async function carryOut(
  client: LedgerClient,
  owner: ChosenOwner,
  plan: Plan,
  options: CarryOutOptions,
): Promise<void> {
  if (!options.dryRun && !options.yes && !canAsk())
    throw usageError(
      'Nobody can be asked here whether to sign. Look at the effect with --dry-run; add --yes to sign without being asked.',
    );
  const { network } = (await client.network()).value;
  if (options.network !== undefined && options.network !== network)
    throw usageError(
      `The market at ${client.url} is of network ${network}, not ${printable(options.network)}; nothing was signed.`,
    );
  const consent =
    plan.consentOf === undefined
      ? undefined
      : signConsent(await plan.consentOf.unlock(), network, owner.account);
  const wanted = {
    ...plan.action,
    ...(consent === undefined ? {} : { consent }),
    network,
    from: owner.account,
  };
  const { value: preview, raw } = await client.preview({ transaction: transactionToJson(wanted as never) });
  const transaction = completed(wanted, preview, client.url);
  if (!options.json) show(client, owner, plan, transaction, preview);
  if (!preview.outcome.applied) throw refusal(preview.outcome.code, printable(preview.outcome.message));
  const warnings = warningsOf(plan.action, owner, preview);
  if (!options.json)
    for (const warning of warnings) print(`${paint('yellow', 'warning')}: ${printable(warning)}\n`);
  if (options.dryRun) {
    if (options.json) printJson({ isDryRun: true, ...raw });
    else print('Dry run: nothing was signed or sent.');
    return;
  }
  if (warnings.length > 0 && !options.toUnusual)
    throw usageError(
      `${warnings.map((warning) => printable(warning)).join(' ')} Nothing was signed. If that is what you want, add --to-unusual.`,
    );
  if (!options.yes && !(await askYes('Sign and send this?')))
    throw new MoeError('interrupted', 'Not signed; nothing was sent.');

  const { signature } = signTransaction(await owner.unlock(), transaction);
  const sent = await submit(client, {
    transaction: transactionToJson(transaction),
    signature: `0x${toHex(signature)}`,
  });
  if (options.json) printJson({ isDryRun: false, ...raw, ...sent });
  else print(done(sent.index, preview));
}

/** What came of it: what the preview said, if nothing came in between. */
function done(index: number, { headline, height }: PreviewAnswer): string {
  return index === height
    ? `Done: entry ${index} of the ledger. ${printable(headline)}`
    : `Done: entry ${index} of the ledger. Other entries came before it, so what came of it may differ from what was shown: look with \`moe stake show\` or \`moe wallet list\`.`;
}

/** What the market warns of, and what we see ourselves, whatever it says. */
function warningsOf(
  action: OwnerAction,
  { account }: ChosenOwner,
  { warnings }: PreviewAnswer,
): readonly string[] {
  const ours = action.kind === 'transfer' ? warningsOfDestination(account, action.to) : [];
  const known = new Set<string>(ours.map(({ code }) => code));
  return [...ours, ...warnings.filter(({ code }) => !known.has(code))].map(({ message }) => message);
}

/** The transaction with the sender's next number. Throws `invalid-answer` if the market would have us sign something else. */
function completed(wanted: object, { transaction, typedData }: PreviewAnswer, url: string): Transaction {
  const { nonce } = transaction;
  if (typeof nonce !== 'number' || !Number.isSafeInteger(nonce) || nonce < 0)
    throw new MoeError(
      'invalid-answer',
      `The market at ${url} does not say the transaction's number (nonce).`,
    );
  const ours = { ...wanted, nonce } as Transaction;
  const difference =
    firstDifference(transactionToJson(ours), transaction) ??
    (typedData === undefined ? undefined : firstDifference(typedDataJsonOf(ours), typedData));
  if (difference !== undefined)
    throw new MoeError(
      'dishonest-preview',
      `The market at ${url} answered with another transaction than the one asked for (${printable(difference)} differs). Nothing was signed; do not trust this market.`,
    );
  return ours;
}

async function submit(client: LedgerClient, body: unknown): Promise<{ index: number; height: number }> {
  try {
    return (await client.submit(body)).value;
  } catch (error) {
    // Between preview and sending the ledger may have moved: a price rose, the money went.
    const status = isMoeError(error, 'market-refused') ? error.metadata.status : undefined;
    if (!isMoeError(error) || typeof status !== 'number' || status >= 500 || status === 429) throw error;
    throw refusal(String(error.metadata.code ?? 'refused').replaceAll('_', '-'), error.message);
  }
}

function show(
  { url }: LedgerClient,
  owner: ChosenOwner,
  { action, details = [] }: Plan,
  { network, nonce }: Transaction,
  { outcome, changes, costMicro, headline, summary }: PreviewAnswer,
): void {
  // What is signed can be another thing than what would come of it: both are said.
  if (outcome.applied) print(paint('bold', printable(headline)));
  print(`  you sign    ${printable(describeAction(action))}`);
  for (const line of details) print(`  ${printable(line)}`);
  print(`  signed by   ${owner.name} (${formatAccount(owner.account)}), its transaction number ${nonce}`);
  print(`  on network  ${network}, at ${url}`);
  if (!outcome.applied) return;
  print(
    costMicro < 0n ? `  you get     ${formatAmount(-costMicro)}` : `  cost        ${formatAmount(costMicro)}`,
  );
  print();
  for (const sentence of summary) print(printable(sentence));
  if (summary.length > 0) print();
  print(renderEffect(changes, owner.account));
  print();
}
