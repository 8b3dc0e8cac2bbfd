import { formatCredits } from '@market-of-experts/core';
import { jsonOf, type MarketClient } from '@market-of-experts/sdk';
import { type ReceiptCheck, verifyReceipt } from '@market-of-experts/sdk/receipts';
import type { Command } from 'commander';
import { connect } from '../connection/connect.ts';
import type { ConnectionOptions } from '../connection/connection.ts';
import { type CertifiedReceipt, plainFields, readReceipt, readSplit } from '../receipt/read-receipt.ts';
import { wholeReceiptId } from '../receipt/whole-id.ts';
import { exitCodes, usageError } from '../terminal/exit-codes.ts';
import { print, printJson } from '../terminal/print.ts';
import { renderTable } from '../terminal/table.ts';
import { formatShare, paint, printable } from '../terminal/text.ts';
import { addConnectionOptions } from './connection-options.ts';

export function addReceipt(program: Command): void {
  addConnectionOptions(
    program
      .command('receipt')
      .description('Show who was drawn for a job, who called whom, who won with what loss, and who was paid.')
      .argument(
        '<id>',
        'id of the receipt, as it comes with every answer; of recent jobs the beginning is enough',
      ),
  )
    .option('--verify', 'recompute losses, winner and fee, and check every signature')
    .addHelpText(
      'after',
      `
A member that expected to lose may have called a friend: "a → b" means that a was drawn and b worked in its
place. Loss and outcome are then b's, and the fee is split as both signed.

Only who paid for a job sees the beginning of its text; all other checks need no text. With --verify
the exit code is 0 if every check agrees and 1 if one does not. Nothing of the market's word
is taken on trust: losses are computed again from the revealed vectors. Only an exam on texts of several
clients cannot be computed again by one of them: there the check "witnesses" says who has certified it.

Examples:
  $ moe receipt 3f9c…
  $ moe receipt 3f9c… --verify
  $ moe receipt 3f9c… --json > receipt.json`,
    )
    .action(async (id: string, options: ConnectionOptions & { json?: boolean; verify?: boolean }) => {
      if (!/^[A-Za-z0-9_.:-]{1,1024}$/.test(id))
        throw usageError('This is no id of a receipt. Copy it from the answer, or from `moe status --json`.');
      const client = connect(options);
      const whole = await wholeReceiptId(client, id);
      const verified = options.verify ? await verifyReceipt(client, whole) : undefined;
      const receipt = jsonOf(verified?.receipt ?? (await client.receipt(whole)));
      if (options.json)
        printJson(
          verified === undefined ? receipt : { receipt, checks: verified.checks, ok: verified.isRight },
        );
      else {
        show(receipt, await namesOf(client));
        if (verified !== undefined) showChecks(verified.checks);
      }
      if (verified?.isRight === false) process.exitCode = exitCodes.error;
    });
}

/** Names of experts, if the market tells them: a receipt has only their keys. */
async function namesOf(client: MarketClient): Promise<(id: string) => string> {
  const status = await client.status().catch(() => undefined);
  const names = new Map(status?.experts.map((expert) => [expert.id, printable(expert.name)]));
  return (id) => names.get(id) ?? printable(id).slice(0, 12);
}

function show(receipt: Record<string, unknown>, nameOf: (id: string) => string): void {
  const certified = readReceipt(receipt);
  if (certified === undefined) {
    for (const [name, value] of plainFields(receipt)) print(`${paint('dim', name)}  ${printable(value)}`);
    return;
  }
  print(`${paint('bold', 'Job')} ${printable(certified.job)}`);
  print(
    `market ${printable(certified.market)} · network ${printable(certified.network)} · place ${certified.place}`,
  );
  print();
  print(memberTable(certified, nameOf));
  print();
  const winner = certified.members.find((member) => member.principal === certified.winner);
  if (winner === undefined) print('Nobody won: the fee was returned.');
  else {
    print(
      `${paint('bold', nameOf(winner.principal))} won; the fee was ${formatCredits(certified.feeMicro)} credits.`,
    );
    if (winner.worker !== winner.principal) print(splitLine(receipt, certified, winner, nameOf));
  }
  print(`Signed by ${certified.signers.map(nameOf).join(', ') || 'nobody'}.`);
}

/** Who worked for the winner, and how the two share the fee. */
function splitLine(
  receipt: Record<string, unknown>,
  certified: CertifiedReceipt,
  { principal, worker, workerBps }: CertifiedReceipt['members'][number],
  nameOf: (id: string) => string,
): string {
  const called = `It had called ${paint('bold', nameOf(worker))}, who worked in its place for ${formatShare(workerBps)} of what is left after the market's cut`;
  const split = readSplit(receipt, certified);
  if (split === undefined) return `${called}.`;
  return `${called}: ${nameOf(worker)} got ${formatCredits(split.workerMicro)}, ${nameOf(principal)} ${formatCredits(split.principalMicro)}, the market ${formatCredits(split.marketMicro)} credits.`;
}

function memberTable(certified: CertifiedReceipt, nameOf: (id: string) => string): string {
  return renderTable(
    [
      { title: 'drawn' },
      { title: 'outcome' },
      { title: 'loss', align: 'right' },
      { title: 'worse/compared', align: 'right' },
      { title: 'slashed', align: 'right' },
      { title: '' },
    ],
    certified.members.map((member) => [
      member.worker === member.principal
        ? nameOf(member.principal)
        : `${nameOf(member.principal)} → ${nameOf(member.worker)} (${formatShare(member.workerBps)})`,
      printable(member.outcome),
      member.loss === null ? '–' : (member.loss[0] / member.loss[1]).toFixed(3),
      member.loss === null ? '–' : `${member.loss[0]}/${member.loss[1]}`,
      slashOf(member),
      member.principal === certified.winner ? 'winner' : member.onProbation ? 'on probation' : '',
    ]),
  );
}

/** What was taken of the stake of the member, and of that of the friend it had called. */
function slashOf({ slashMicro, workerSlashMicro }: CertifiedReceipt['members'][number]): string {
  if (workerSlashMicro > 0n) return `${formatCredits(slashMicro)} + ${formatCredits(workerSlashMicro)}`;
  return slashMicro === 0n ? '–' : formatCredits(slashMicro);
}

function showChecks(checks: readonly ReceiptCheck[]): void {
  print();
  for (const check of checks) {
    const mark = check.isSkipped ? paint('dim', '–') : check.ok ? paint('green', '✓') : paint('red', '✗');
    print(`${mark} ${printable(check.name)}${check.detail === '' ? '' : `: ${printable(check.detail)}`}`);
  }
  const wrong = checks.filter((check) => !check.ok).length;
  const skipped = checks.filter((check) => check.isSkipped).length;
  const made = checks.length - skipped;
  print(
    wrong === 0 && made > 0
      ? paint('green', `All ${made} checks agree.`) +
          (skipped === 0 ? '' : paint('dim', ` ${skipped} needs the text, which is not here.`))
      : paint('red', `${wrong} of ${checks.length} checks do not agree.`),
  );
}
