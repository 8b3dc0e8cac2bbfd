import { type Amount, formatCredits } from '@market-of-experts/core';
import type { LedgerTables } from '@market-of-experts/ledger';
import {
  type Expert,
  type RecordChange,
  type StakeTarget,
  type Transaction,
  type Validator,
  worthOf,
} from '@market-of-experts/protocol';
import { backingIn } from './account-facts.ts';

type ChangeOf<Table extends RecordChange['table']> = Extract<RecordChange, { readonly table: Table }>;

/** A person reads no more; the end of an epoch touches thousands of records. */
const maxSentences = 50;
/** Accounts of others that are named one by one. */
const namedAccounts = 10;

/**
 * What the changes mean to the person who is about to sign the transaction: in sentences, and the most important of them in one.
 * All is made from the changes: what was asked for may not be what would come of it.
 */
export function transactionSummary(
  records: LedgerTables,
  transaction: Transaction,
  changes: readonly RecordChange[],
): { readonly headline: string; readonly summary: readonly string[] } {
  const after = recordsAfter(records, changes);
  const nextEpoch = after.network.get('network')!.epoch + 1;
  const balanceSentences = balances(changes, transaction.from);
  const others = changes.flatMap((change): readonly string[] => {
    switch (change.table) {
      case 'network':
        return epochSentences(change);
      case 'prepaid':
        return prepaidSentences(change);
      case 'delegations':
        return change.after?.account === transaction.from || change.before?.account === transaction.from
          ? delegationSentences(change, after, nextEpoch)
          : [];
      case 'unbondings':
        return change.after?.account === transaction.from && transaction.kind !== 'rotate'
          ? unbondingSentences(change, after)
          : [];
      case 'experts':
      case 'validators':
        // A key that is replaced moves the record: the rotation says so.
        return transaction.kind === 'rotate' ? [] : nodeSentences(change);
      case 'markets':
        return marketSentences(change);
      case 'rotations':
        return change.after === undefined
          ? []
          : [
              `${nodeName(after, { ...change.after.target, node: change.after.next })} gets the key ${change.after.next}; its old key means nothing any more.`,
            ];
      case 'weightCommits':
        return change.after === undefined ? [] : [`Weights for "${change.after.market}" are promised.`];
      case 'weights':
        return change.after === undefined ? [] : [`Weights for "${change.after.market}" are in force.`];
      case 'offences':
        return change.after === undefined
          ? []
          : [
              `${nodeName(after, change.after.target)} loses ${formatCredits(change.after.amountMicro)} credits of stake; the reporter has ${formatCredits(change.after.rewardMicro)} of what its owner loses, the rest is nobody's.`,
            ];
      default:
        return [];
    }
  });
  const said = [...balanceSentences, ...others].map(asSentence);
  const summary =
    said.length === 0
      ? [nothingElse(transaction, changes)]
      : said.length <= maxSentences
        ? said
        : [...said.slice(0, maxSentences - 1), `… and ${said.length - maxSentences + 1} more changes.`];
  const headline = headlineOf(records, transaction, changes) ?? asSentence(others.join(' ') || summary[0]!);
  return { headline, summary };
}

function nothingElse({ from }: Transaction, changes: readonly RecordChange[]): string {
  const others = changes.filter(({ table, key }) => table !== 'accounts' || key !== from);
  return others.length === 0
    ? 'Nothing changes but the number of your next transaction.'
    : `Nothing changes that has a sentence of its own (${others.length} records do).`;
}

/** Where money was to go somewhere: how much does. */
function headlineOf(
  records: LedgerTables,
  transaction: Transaction,
  changes: readonly RecordChange[],
): string | undefined {
  if (transaction.kind === 'transfer' || transaction.kind === 'deposit') {
    const to = changes.find(({ table, key }) => table === 'accounts' && key === transaction.to);
    const gained =
      to?.table === 'accounts' ? (to.after?.balanceMicro ?? 0n) - (to.before?.balanceMicro ?? 0n) : 0n;
    return gained === 0n
      ? 'No money moves: only the number of your next transaction changes.'
      : `${credits(gained)} go to ${transaction.to}.`;
  }
  if (
    transaction.kind !== 'undelegate' &&
    transaction.kind !== 'redelegate' &&
    transaction.kind !== 'unstake'
  )
    return undefined;
  const after = recordsAfter(records, changes);
  const name = nodeName(after, transaction.target);
  const own = (account: string | undefined): boolean => account === transaction.from;
  let backMicro = 0n;
  let unbondedMicro = 0n;
  let releaseEpoch = 0;
  for (const change of changes) {
    if (change.table === 'delegations' && own((change.after ?? change.before)?.account))
      backMicro += (change.before?.pendingMicro ?? 0n) - (change.after?.pendingMicro ?? 0n);
    if (change.table !== 'unbondings' || change.after === undefined || !own(change.after.account)) continue;
    unbondedMicro += unbondedBy(change, after);
    releaseEpoch = change.after.releaseEpoch;
  }
  const goal = transaction.kind === 'redelegate' ? nodeName(after, transaction.to) : 'you';
  const back = `${credits(backMicro)} that did not count yet come back to you at once`;
  const unbonded = `${credits(unbondedMicro)} leave ${name} and go to ${goal} when epoch ${releaseEpoch} begins`;
  if (unbondedMicro > 0n) return backMicro > 0n ? `${unbonded}; ${back}.` : `${unbonded}.`;
  if (backMicro === 0n) return `Nothing leaves ${name}.`;
  return transaction.kind === 'redelegate' ? `Nothing goes to ${goal}: ${back}.` : asSentence(`${back}.`);
}

function unbondedBy({ before, after }: ChangeOf<'unbondings'>, records: LedgerTables): Amount {
  const backing = backingIn(records, after!.target);
  return backing === undefined
    ? 0n
    : worthOf(after!.shares - (before?.shares ?? 0n), backing.unbondingMicro, backing.unbondingShares);
}

function asSentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

function balances(changes: readonly RecordChange[], from: string): string[] {
  const moved = changes
    .filter((change) => change.table === 'accounts')
    .map(({ key, before, after }) => ({
      key,
      before: before?.balanceMicro ?? 0n,
      after: after?.balanceMicro ?? 0n,
    }))
    .filter(({ before, after }) => before !== after);
  const say = ({ key, before, after }: (typeof moved)[number]): string =>
    `${key === from ? 'Your balance' : `The balance of ${key}`} goes from ${formatCredits(before)} to ${formatCredits(after)} credits.`;
  const others = moved.filter(({ key }) => key !== from);
  return [
    ...moved.filter(({ key }) => key === from).map(say),
    ...others.slice(0, namedAccounts).map(say),
    ...(others.length > namedAccounts
      ? [`The balances of ${others.length - namedAccounts} more accounts change.`]
      : []),
  ];
}

function epochSentences({ before, after }: ChangeOf<'network'>): string[] {
  if (before === undefined || after === undefined || before.epoch === after.epoch) return [];
  return [`Epoch ${before.epoch} ends and epoch ${after.epoch} begins.`];
}

function prepaidSentences({ key, before, after }: ChangeOf<'prepaid'>): string[] {
  const market = key.slice(key.indexOf('/') + 1);
  const now = after?.lockedMicro ?? 0n;
  const then = before?.lockedMicro ?? 0n;
  const announcedMicro = (after?.leaving?.amountMicro ?? 0n) - (before?.leaving?.amountMicro ?? 0n);
  if (after?.leaving !== undefined && announcedMicro > 0n)
    return [
      `${formatCredits(announcedMicro)} credits prepaid in "${market}" pay for no new orders from now on; ${formatCredits(after.leaving.amountMicro)} are paid out when epoch ${after.leaving.fromEpoch} begins, less what work done before costs.`,
    ];
  return now === then
    ? []
    : [
        `Prepaid in "${market}" are ${formatCredits(now)} credits instead of ${formatCredits(then)}; gateway ${after?.gateway ?? ''} can charge them for orders.`,
      ];
}

function delegationSentences(
  { before, after }: ChangeOf<'delegations'>,
  records: LedgerTables,
  nextEpoch: number,
): string[] {
  const { target } = (after ?? before)!;
  const name = nodeName(records, target);
  const pendingMicro = (after?.pendingMicro ?? 0n) - (before?.pendingMicro ?? 0n);
  if (pendingMicro > 0n)
    return [
      `${formatCredits(pendingMicro)} credits join the stake of ${name} when epoch ${nextEpoch} begins; until then they can be taken back at once.`,
    ];
  return pendingMicro < 0n
    ? [
        `${formatCredits(-pendingMicro)} credits that had not joined the stake of ${name} yet come back at once.`,
      ]
    : [];
}

function unbondingSentences(change: ChangeOf<'unbondings'>, records: LedgerTables): string[] {
  const { target, to, releaseEpoch } = change.after!;
  const addedMicro = unbondedBy(change, records);
  const goal = to === undefined ? 'are paid out' : `are delegated to ${nodeName(records, to)}`;
  return [
    `${formatCredits(addedMicro)} credits leave the stake of ${nodeName(records, target)} now and ${goal} when epoch ${releaseEpoch} begins; until then they can be slashed with it.`,
  ];
}

function nodeSentences({ before, after }: ChangeOf<'experts'> | ChangeOf<'validators'>): string[] {
  // A record that only moves to another key is told by its rotation; one that ends, by what is paid out.
  if (after === undefined) return [];
  const name = label(after);
  if (before === undefined) {
    const deposit = 'depositMicro' in after ? after.depositMicro : 0n;
    return [
      `${name} is registered with a stake of ${formatCredits(after.stakeMicro)} credits${deposit > 0n ? ` and a deposit of ${formatCredits(deposit)}` : ''}; its owner is ${after.owner}.`,
    ];
  }
  const sentences: string[] = [];
  if (after.name !== before.name) sentences.push(`${label(before)} is called "${after.name}".`);
  if (after.nextCommission !== undefined && after.nextCommission !== before.nextCommission)
    sentences.push(
      `The commission of ${name} goes from ${percent(after.commissionBps)} to ${percent(after.nextCommission.bps)} when epoch ${after.nextCommission.fromEpoch} begins.`,
    );
  if (after.leavesAtEpoch !== undefined && before.leavesAtEpoch === undefined)
    sentences.push(
      `${name} goes out of service; all that is behind it (${credits(atRisk(after))}) is paid out when epoch ${after.leavesAtEpoch} begins.`,
    );
  return [...sentences, ...offerSentences(name, before, after)];
}

function offerSentences(name: string, before: Expert | Validator, after: Expert | Validator): string[] {
  if (!('depositMicro' in after && 'depositMicro' in before)) return [];
  const sentences: string[] = [];
  if (after.depositMicro < before.depositMicro)
    sentences.push(
      `Its deposit of ${credits(before.depositMicro)} is forfeited to the pool of "${after.market}".`,
    );
  if (after.askMicroPerKilobyte !== before.askMicroPerKilobyte)
    sentences.push(`${name} asks ${credits(after.askMicroPerKilobyte)} for a kilobyte.`);
  if (after.askBps !== before.askBps)
    sentences.push(`${name} asks ${percent(after.askBps)} of the fee when it is called.`);
  return sentences;
}

function marketSentences({ before, after }: ChangeOf<'markets'>): string[] {
  if (after === undefined) return before === undefined ? [] : [`Market "${before.market}" is closed.`];
  if (before === undefined)
    return [
      `Market "${after.market}" opens; its deposit of ${credits(after.depositMicro)} returns when it closes.`,
    ];
  const name = `"${after.market}"`;
  const sentences: string[] = [];
  if (after.next !== undefined && after.next !== before.next)
    sentences.push(`The new terms of market ${name} begin with epoch ${after.next.fromEpoch}.`);
  if (after.closesAtEpoch !== undefined && before.closesAtEpoch === undefined)
    sentences.push(
      `Market ${name} takes no more experts and closes when epoch ${after.closesAtEpoch} begins.`,
    );
  if (after.poolMicro !== before.poolMicro)
    sentences.push(
      `The pool of ${name} goes from ${formatCredits(before.poolMicro)} to ${credits(after.poolMicro)}.`,
    );
  if (after.registrationMicro !== before.registrationMicro)
    sentences.push(`The next registration in ${name} costs ${credits(after.registrationMicro)}.`);
  return sentences;
}

function nodeName(records: LedgerTables, target: StakeTarget): string {
  const backing = backingIn(records, target);
  return backing === undefined ? `node ${target.node.slice(0, 8)}` : label(backing);
}

function label(backing: Expert | Validator): string {
  return 'market' in backing
    ? `expert "${backing.name}" of "${backing.market}"`
    : `validator "${backing.name}"`;
}

function atRisk({ stakeMicro, unbondingMicro, pendingMicro }: Expert | Validator): Amount {
  return stakeMicro + unbondingMicro + pendingMicro;
}

function credits(amount: Amount): string {
  return `${formatCredits(amount)} credits`;
}

function percent(bps: number): string {
  return `${bps / 100} %`;
}

/** The registrations and the network as they would be afterwards; other tables as they are. */
function recordsAfter(records: LedgerTables, changes: readonly RecordChange[]): LedgerTables {
  const changed = { ...records } as { -readonly [Name in keyof LedgerTables]: ReadonlyMap<string, unknown> };
  for (const table of ['network', 'experts', 'validators'] as const) {
    const touched = changes.filter((change) => change.table === table);
    if (touched.length === 0) continue;
    const copy = new Map<string, unknown>(records[table]);
    for (const { key, after } of touched)
      if (after === undefined) copy.delete(key);
      else copy.set(key, after);
    changed[table] = copy;
  }
  return changed as LedgerTables;
}
