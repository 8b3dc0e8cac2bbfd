import { type EditionVerification, verifyEditions } from '@market-of-experts/sdk/editions';
import { connect, connectLedger } from '../connection/connect.ts';
import type { ConnectionOptions } from '../connection/connection.ts';
import { exitCodes, usageError } from '../terminal/exit-codes.ts';
import { print, printJson } from '../terminal/print.ts';
import { paint, printable } from '../terminal/text.ts';
import { namedEdition, namesIn } from './show-editions.ts';

/** `moe edition verify` */
export async function verifyEditionsOf(
  name: string | undefined,
  flags: ConnectionOptions & { readonly json?: boolean },
): Promise<void> {
  const client = connect(flags);
  const ledger = connectLedger(flags);
  const { market, number } = await namedEdition(name, ledger);
  const all = await verifyEditions({ ledger, blob: client.blob }, market);
  const wanted = number === undefined ? all : all.filter((each) => each.name === `${market}@${number}`);
  if (wanted.length === 0)
    throw usageError(
      number === undefined
        ? `"${market}" has no edition yet.`
        : `The ledger remembers no edition ${number} of "${market}". \`moe edition history\` lists them.`,
    );
  const isRight = wanted.every(({ checks }) => checks.every(({ ok }) => ok));
  if (flags.json) printJson({ market, editions: wanted, ok: isRight });
  else show(wanted, isRight, await namesIn(ledger, market));
  if (!isRight) process.exitCode = exitCodes.error;
}

function show(
  editions: readonly EditionVerification[],
  isRight: boolean,
  nameOf: (node: string) => string,
): void {
  for (const { name, checks, parts } of editions) {
    print(paint('bold', printable(name)));
    for (const check of checks) {
      const mark = check.isSkipped ? paint('dim', '–') : check.ok ? paint('green', '✓') : paint('red', '✗');
      print(`  ${mark} ${printable(check.name)}: ${printable(check.detail)}`);
    }
    for (const { node, millionths, lowersLoss } of parts ?? [])
      print(
        paint(
          'dim',
          `      ${nameOf(node)} is paid ${(millionths / 10_000).toFixed(1)} %, and lowers the loss by ${lowersLoss.toFixed(4)} (Shapley; shown, not paid)`,
        ),
      );
  }
  print();
  print(
    isRight
      ? paint('green', 'What the ledger says is what the exams say.')
      : paint('red', 'What the ledger says is not what the exams say.'),
  );
}
