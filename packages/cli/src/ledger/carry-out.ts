import type { Placed, PreviewAnswer } from '@market-of-experts/api/transactions';
import { formatAccount, MoeError, type OwnerKey } from '@market-of-experts/core';
import {
  type Action,
  signConsent,
  type Transaction,
  warningsOfDestination,
} from '@market-of-experts/protocol';
import { isRefused, jsonOf, type LedgerClient } from '@market-of-experts/sdk';
import { prepareTransaction, sendTransaction } from '@market-of-experts/sdk/signing';
import { askYes, canAsk } from '../terminal/ask.ts';
import { refusal, usageError } from '../terminal/exit-codes.ts';
import { print, printJson } from '../terminal/print.ts';
import { formatAmount, paint, printable } from '../terminal/text.ts';
import type { ChosenNode, ChosenOwner } from '../wallet/choose-key.ts';
import { describeAction, type OwnerAction } from './describe-action.ts';
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
  const { network } = await client.network();
  if (options.network !== undefined && options.network !== network)
    throw usageError(
      `The market at ${client.url} is of network ${network}, not ${printable(options.network)}; nothing was signed.`,
    );
  const consent =
    plan.consentOf === undefined
      ? undefined
      : signConsent(await plan.consentOf.unlock(), network, owner.account);
  const wanted = { ...plan.action, ...(consent === undefined ? {} : { consent }) } as Action;
  const { transaction, preview } = await prepareTransaction(client, owner.account, wanted, network);
  if (!options.json) show(client, owner, plan, transaction, preview);
  if (!preview.outcome.applied) throw refusal(preview.outcome.code, printable(preview.outcome.message));
  const warnings = warningsOf(plan.action, owner, preview);
  if (!options.json)
    for (const warning of warnings) print(`${paint('yellow', 'warning')}: ${printable(warning)}\n`);
  if (options.dryRun) {
    if (options.json) printJson({ isDryRun: true, ...jsonOf(preview) });
    else print('Dry run: nothing was signed or sent.');
    return;
  }
  if (warnings.length > 0 && !options.toUnusual)
    throw usageError(
      `${warnings.map((warning) => printable(warning)).join(' ')} Nothing was signed. If that is what you want, add --to-unusual.`,
    );
  if (!options.yes && !(await askYes('Sign and send this?')))
    throw new MoeError('interrupted', 'Not signed; nothing was sent.');

  const sent = await send(client, await owner.unlock(), transaction);
  if (options.json) printJson({ isDryRun: false, ...jsonOf(preview), ...sent });
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

async function send(client: LedgerClient, key: OwnerKey, transaction: Transaction): Promise<Placed> {
  try {
    return await sendTransaction(client, key, transaction);
  } catch (error) {
    // Between preview and sending the ledger may have moved: a price rose, the money went.
    if (!isRefused(error) || error.metadata.status >= 500 || error.metadata.status === 429) throw error;
    throw refusal((error.metadata.code ?? 'refused').replaceAll('_', '-'), error.message);
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
