import { type Amount, formatCredits } from '@market-of-experts/core';
import type { NodeSignature } from '../../fields/fields.ts';
import type { Validator } from '../state/node-records.ts';
import { sortedEntries } from '../state/sorted-records.ts';
import type { StateView } from '../state/state.ts';
import { type Refused, refused } from '../transaction/outcome.ts';
import { attendanceOf, hasSeat } from './attendance.ts';

/** Stake behind a decision of validators, each counted once. */
export interface Quorum {
  /** Of validators that are present and signed. */
  readonly signedMicro: Amount;
  /** Of all that are present: two thirds of it must sign. */
  readonly presentMicro: Amount;
  /** Of all that have a seat, absent ones, too: more than a third of it must sign, so that an outage lets no few decide alone. */
  readonly seatedMicro: Amount;
  /** Those whose signature would have counted, by stake. */
  readonly silent: readonly Validator[];
  /** Those that are absent and still have their seats, by stake. */
  readonly absent: readonly Validator[];
}

interface Validators {
  readonly network: Pick<StateView['network'], 'get'>;
  readonly validators: Pick<StateView['validators'], 'entries'>;
}

export function quorumOf(view: Validators, signatures: readonly Pick<NodeSignature, 'node'>[]): Quorum {
  const network = view.network.get('network')!;
  const signers = new Set<string>(signatures.map(({ node }) => node));
  const seated = sortedEntries(view.validators, (validator) => hasSeat(validator, network))
    .map(([, validator]) => validator)
    .sort((a, b) => (a.stakeMicro < b.stakeMicro ? 1 : a.stakeMicro > b.stakeMicro ? -1 : 0));
  const present = seated.filter((validator) => attendanceOf(validator) === 'present');
  return {
    signedMicro: stakeOf(present.filter(({ node }) => signers.has(node))),
    presentMicro: stakeOf(present),
    seatedMicro: stakeOf(seated),
    silent: present.filter(({ node }) => !signers.has(node)),
    absent: seated.filter((validator) => attendanceOf(validator) === 'absent'),
  };
}

/** Two thirds of the stake that is present. */
export function hasTwoThirds({ signedMicro, presentMicro }: Quorum): boolean {
  return presentMicro > 0n && 3n * signedMicro >= 2n * presentMicro;
}

/** More than a third of the stake that has a seat: while less than that is dishonest, the dishonest never decide alone. */
export function hasThirdOfSeats({ signedMicro, seatedMicro }: Quorum): boolean {
  return 3n * signedMicro > seatedMicro;
}

/** Whether the signers may decide: two thirds of the stake that is present, and more than a third of what has a seat. */
export function isQuorum(view: Validators, signatures: readonly Pick<NodeSignature, 'node'>[]): boolean {
  const quorum = quorumOf(view, signatures);
  return hasTwoThirds(quorum) && hasThirdOfSeats(quorum);
}

/** Why they may not, with those who are missing; `what` they would have to sign. */
export function noQuorum(quorum: Quorum, what: string): Refused {
  const { signedMicro, presentMicro, seatedMicro, silent, absent } = quorum;
  if (presentMicro === 0n)
    return refused('no-quorum', `No validator with stake is present: none can sign ${what}.`);
  return refused(
    'no-quorum',
    hasTwoThirds(quorum)
      ? `Validators with more than a third of all stake must sign ${what}: ${formatCredits(signedMicro)} of ${formatCredits(seatedMicro)} credits did. Absent: ${namesOf(absent)}.`
      : `Validators with at least two thirds of the stake must sign ${what}: ${formatCredits(signedMicro)} of ${formatCredits(presentMicro)} credits did. Missing: ${namesOf(silent)}.`,
  );
}

/** Named in a sentence; the others are counted. */
const namedAtMost = 4;

function namesOf(validators: readonly Validator[]): string {
  const named = validators
    .slice(0, namedAtMost)
    .map(({ name, stakeMicro }) => `${name} (${formatCredits(stakeMicro)} credits)`);
  const more = validators.length - named.length;
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

function stakeOf(validators: readonly Validator[]): Amount {
  return validators.reduce((sum, { stakeMicro }) => sum + stakeMicro, 0n);
}
