import { formatCredits } from '@market-of-experts/core';
import type { LedgerTables } from '@market-of-experts/ledger';
import {
  type Expert,
  editionName,
  type RecordChange,
  type Transaction,
  type Validator,
  versionProbationEpochs,
} from '@market-of-experts/protocol';
import { atRisk, type ChangeOf, credits, label, nodeName, percent, unbondedBy } from './summary-words.ts';

/** Accounts of others that are named one by one. */
const namedAccounts = 10;

/** What a change means besides balances to who signs the transaction; nothing where it has no sentence of its own. */
export function changeSentences(
  change: RecordChange,
  transaction: Transaction,
  after: LedgerTables,
): readonly string[] {
  const nextEpoch = after.network.get('network')!.epoch + 1;
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
    case 'editions':
      return editionSentences(change);
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
}

/** Which balances change: that of the signer, and of some others. */
export function balances(changes: readonly RecordChange[], from: string): string[] {
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
  const latest = after.versions?.at(-1);
  const earlier = before.versions?.at(-1);
  if (latest !== undefined && latest.version.textKey !== earlier?.version.textKey) {
    const provenFrom = latest.fromEpoch + versionProbationEpochs;
    sentences.push(
      `${name} is another model from now on: answers of it to one text that differ can be punished${earlier === undefined ? '' : `, and it is judged without pay until epoch ${provenFrom} begins`}.`,
    );
  }
  return sentences;
}

function editionSentences({ before, after }: ChangeOf<'editions'>): string[] {
  // An old one that is forgotten makes room for another, which is told.
  if (after === undefined) return [];
  const name = editionName(after);
  if (before === undefined)
    return [
      `Who names the market "${after.market}" alone is served by ${name} from now on; earlier editions go on under their numbers.`,
    ];
  if (after.shares === undefined || after.shares === before.shares) return [];
  const shares = after.shares.millionths.map((millionths) => percent(Math.round(millionths / 100)));
  return [`The parts of ${name} get ${shares.join(', ')} of each service fee from now on.`];
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
