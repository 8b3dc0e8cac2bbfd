import type { AttendanceFacts, MissingValidator } from '@market-of-experts/api/ledger-facts';
import { distinctNames, formatCredits } from '@market-of-experts/core';
import type { LedgerTables } from '@market-of-experts/ledger';
import {
  attendanceOf,
  hasSeat,
  quorumOf,
  seatEndsAtEpoch,
  type Validator,
} from '@market-of-experts/protocol';

/** Named one by one; the others are counted. */
const namedAtMost = 20;

/** Which validators are there, and what their absence means for the others. */
export function attendanceFacts(records: LedgerTables): AttendanceFacts {
  const network = records.network.get('network')!;
  const { rollCall, rules, epoch } = network;
  const { presentMicro, seatedMicro, absent } = quorumOf(records, []);
  const shown = distinctNames(
    [...records.validators.values()].map(({ node, name }) => [node, name] as const),
  );
  const missing = [...records.validators.values()]
    .flatMap((validator): MissingValidator[] => {
      const { node, stakeMicro, registeredEpoch, seen } = validator;
      const of = { node, name: shown.get(node)!, stakeMicro };
      switch (attendanceOf(validator)) {
        case 'new':
          return [{ ...of, state: 'new', sinceEpoch: registeredEpoch }];
        case 'absent': {
          const seat = hasSeat(validator, network)
            ? { seatEndsAtEpoch: seatEndsAtEpoch(validator, network)! }
            : {};
          return [
            { ...of, state: 'absent', sinceEpoch: seen!.epoch, sinceMs: validator.absent!.sinceMs, ...seat },
          ];
        }
        case 'present':
          return seen!.call < rollCall.number
            ? [{ ...of, state: 'silent', sinceEpoch: seen!.epoch, sinceMs: seen!.atMs }]
            : [];
        default:
          return [];
      }
    })
    .sort((a, b) => (a.stakeMicro < b.stakeMicro ? 1 : a.stakeMicro > b.stakeMicro ? -1 : 0));
  const answerUntilMs = rollCall.atMs + rules.answerMs;
  const said = missing.slice(0, namedAtMost).map((each) => sentenceOf(each, answerUntilMs));
  const more = missing.length - said.length;
  return {
    presentMicro,
    seatedMicro,
    rollCall: rollCall.number,
    answerUntilMs,
    missing,
    sentences: [
      ...(3n * presentMicro > seatedMicro || seatedMicro === 0n
        ? []
        : [waitingSentence(presentMicro, seatedMicro, absent, epoch, rules.seatEpochs)]),
      ...said,
      ...(more > 0 ? [`… and ${more} more validators are not there.`] : []),
    ],
  };
}

function sentenceOf(missing: MissingValidator, answerUntilMs: number): string {
  const { name, stakeMicro, state, sinceEpoch, sinceMs, seatEndsAtEpoch } = missing;
  const who = `${name} (${formatCredits(stakeMicro)} credits)`;
  const lastSeen = `was last seen in epoch ${sinceEpoch}${sinceMs === undefined ? '' : `, at ${new Date(sinceMs).toISOString()}`}`;
  switch (state) {
    case 'new':
      return `${who} is registered since epoch ${sinceEpoch} and has never been started: it does not count, and nobody waits for it.`;
    case 'silent':
      return `${who} ${lastSeen}, and has until ${new Date(answerUntilMs).toISOString()} to answer a roll call; then it is waited for no more.`;
    default:
      return seatEndsAtEpoch === undefined
        ? `${who} ${lastSeen}, and has lost its seat. It counts again as soon as it is started.`
        : `${who} ${lastSeen}, and is not waited for. It loses its seat when epoch ${seatEndsAtEpoch} begins, unless it is started before.`;
  }
}

/** Epochs in which the absent lose their seats, the first in which what is present is more than a third named. */
function waitingSentence(
  presentMicro: bigint,
  seatedMicro: bigint,
  absent: readonly Validator[],
  epoch: number,
  seatEpochs: number,
): string {
  const ends = absent
    .map((validator) => ({
      atEpoch: validator.absent!.sinceEpoch + seatEpochs,
      stakeMicro: validator.stakeMicro,
    }))
    .sort((a, b) => a.atEpoch - b.atEpoch);
  let leftMicro = seatedMicro;
  let atEpoch = epoch;
  for (const end of ends) {
    if (3n * presentMicro > leftMicro) break;
    leftMicro -= end.stakeMicro;
    ({ atEpoch } = end);
  }
  const when =
    presentMicro === 0n
      ? 'as soon as one of them is back'
      : `as soon as enough of them are back, or when epoch ${atEpoch} begins`;
  return `Settlements wait: ${formatCredits(presentMicro)} of ${formatCredits(seatedMicro)} credits of stake are present, and more than a third is needed. They go on ${when}.`;
}
