import { existsSync } from 'node:fs';
import { examineDataDirectory, type FileFinding, type Remedy } from '@market-of-experts/host/doctor';
import type { Command } from 'commander';
import { dataDirectory } from '../connection/connection.ts';
import { exitCodes, usageError } from '../terminal/exit-codes.ts';
import { print, printJson } from '../terminal/print.ts';
import { paint, plural, printable } from '../terminal/text.ts';

interface Flags {
  readonly data?: string;
  readonly repair?: boolean;
  readonly json?: boolean;
}

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('Check every file of a data directory while no market runs in it.')
    .option('--data <folder>', "data directory of this machine's market (MOE_HOME; default ./.moe)")
    .option('--repair', 'set aside what is damaged and can be made again')
    .option('--json', 'print one JSON object and nothing else; errors as JSON too')
    .addHelpText(
      'after',
      `
Without --repair nothing is changed. With it, damaged files that can be made again are moved to the folder \`set-aside\` of the
data directory: nothing is deleted. Keys and the ledger cannot be made again: restore the whole directory from a backup.

Exit codes: 0 nothing is damaged (any more), 1 something needs a backup or another version of this program, 2 wrong usage, 3 damaged, but can be made again.

Examples:
  $ moe doctor
  $ moe doctor --data /srv/market --repair
  $ moe doctor --json | jq '.files[] | select(.damage)'`,
    )
    .action(async (flags: Flags) => {
      const directory = dataDirectory(flags.data);
      if (!existsSync(directory))
        throw usageError(`There is no data directory ${directory}. Say where it is with --data.`);
      const findings = await examineDataDirectory(directory, {
        hasRepair: flags.repair === true,
        nowMs: Date.now(),
      });
      if (flags.json) printJson({ directory, files: findings });
      else show(directory, findings);
      process.exitCode = exitCodeOf(findings);
    });
}

function exitCodeOf(findings: readonly FileFinding[]): number {
  const left = findings.flatMap(({ damage }) =>
    damage === undefined || damage.setAsideIn !== undefined ? [] : [damage.remedy],
  );
  if (left.some((remedy) => remedy === 'backup' || remedy === 'other-version')) return exitCodes.error;
  return left.length > 0 ? exitCodes.partlyFailed : exitCodes.ok;
}

const remedies: { readonly [Name in Remedy]: string } = {
  'next-start': 'The next start makes it again.',
  repair: 'It can be made again: run this with --repair.',
  backup: 'It cannot be made again: restore the data directory from a backup.',
  'other-version': 'Nothing is lost: go on with the version of this program that wrote it.',
};

function show(directory: string, findings: readonly FileFinding[]): void {
  for (const { path, damage } of findings) {
    if (damage === undefined) {
      print(`${paint('green', 'ok')}       ${printable(path)}`);
      continue;
    }
    const isOther = damage.remedy === 'other-version';
    print(`${isOther ? paint('yellow', 'other   ') : paint('red', 'damaged ')} ${printable(path)}`);
    print(`         ${printable(damage.why)}`);
    const done = damage.setAsideIn;
    print(`         ${done === undefined ? remedies[damage.remedy] : `Moved to ${printable(done)}.`}`);
  }
  const wrong = findings.flatMap(({ damage }) => (damage === undefined ? [] : [damage.remedy]));
  const others = wrong.filter((remedy) => remedy === 'other-version').length;
  const parts = `${plural(findings.length, 'part')} of ${printable(directory)}`;
  if (wrong.length === 0) return print(`${parts} checked: nothing is damaged.`);
  print(
    `${wrong.length - others} of ${parts} damaged${others === 0 ? '' : `, ${others} of another version`}.`,
  );
}
