import type { MillionAccounts } from './million-accounts.ts';

/** The figures, each beside its limit where there is one. */
export function printMillionAccounts(found: MillionAccounts): void {
  const row = (label: string, value: string, beside = '') =>
    console.log(`  ${label.padEnd(34)}${value.padStart(14)}   ${beside}`.trimEnd());
  console.log(`\n${found.accounts.toLocaleString('en')} accounts`);
  row('memory, records', `${found.stateBytesPerAccount.toFixed(0)} B/account`);
  row(
    'memory, Merkle trie',
    `${found.treeBytesPerAccount.toFixed(0)} B/account`,
    'limit 96: path, record and inner hash',
  );
  row('first root, in slices', ms(found.firstRootMs), `bare hashes ${ms(found.firstRootLimitMs)}`);
  row('  longest pause meanwhile', ms(found.firstRootPauseMs), 'limit 50 ms');
  row(
    `root after ${found.changedAccounts.toLocaleString('en')} changes`,
    ms(found.rootAfterChangesMs),
    `bare hashes ${ms(found.rootAfterChangesLimitMs)}`,
  );
  row(
    'proof of an account',
    `${found.proofBytes.toFixed(0)} bytes`,
    `${found.proofSiblings.toFixed(1)} siblings; log2 n is ${Math.log2(found.accounts).toFixed(1)}`,
  );
  row('  make', `${found.proveMicroseconds.toFixed(0)} µs`);
  row(
    '  verify',
    `${found.verifyMicroseconds.toFixed(0)} µs`,
    `bare hashes ${((found.proofSiblings + 3) * found.hashMicroseconds).toFixed(0)} µs`,
  );
  row('snapshot', `${(found.snapshotBytes / 1e6).toFixed(0)} MB`);
  row('  save', ms(found.snapshotSaveMs), `hash and write alone ${ms(found.snapshotSaveLimitMs)}`);
  row('  longest pause meanwhile', ms(found.snapshotSavePauseMs), 'limit 50 ms');
  row('  load', ms(found.snapshotLoadMs));
  row('  longest pause meanwhile', ms(found.snapshotLoadPauseMs));
}

function ms(value: number): string {
  return `${value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en')} ms`;
}
