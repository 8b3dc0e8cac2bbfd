import { type AccountId, hashOf } from '@market-of-experts/core';
import { drawnAccount as accountOf, drawnNode as nodeOf } from '@market-of-experts/testing/drawn-exams';
import type { CertificateBody, CertifiedMember } from '../../../../src/job/certificate.ts';
import type { Transcript } from '../../../../src/job/messages.ts';
import type { keptExam } from '../../../../src/tasks/embedding/mixture/kept-exam.ts';
import { int16Bytes } from '../../../../src/tasks/embedding/vector.ts';

/** Two entries first, four second: the first datum has pieces 1 and 2, the other piece 0. */
const question: Transcript['question'] = {
  first: [hashOf('test/entry', 'a'), hashOf('test/entry', 'b')],
  second: ['c', 'd', 'e', 'f'].map((name) => hashOf('test/entry', name)),
  assignment: [
    { first: 0, second: [1, 2], wrong: [0, 3] },
    { first: 1, second: [0], wrong: [1, 2, 3] },
  ],
  positions: [],
  salt: new Uint8Array(32),
};

/** An expert in a seat, with vectors of its own for the six entries. */
export interface FixtureSeat {
  readonly principal: string;
  readonly worker?: string;
  readonly vectors: readonly (readonly number[])[];
  readonly isScored?: boolean;
}

const roster = {
  marketOwner: accountOf('market owner'),
  parameters: { feeBps: 1_000, distractors: 12 },
  experts: ['a', 'b', 'c'].map((name) => ({ node: nodeOf(name), owner: accountOf(`owner of ${name}`) })),
};
type FixtureRoster = Parameters<typeof keptExam>[2];
export const examRoster = roster as unknown as FixtureRoster;

/** An exam of two data by two clients, of which the winner, `a`, gets 1,000 and 500. */
export function fixtureExam(
  seats: readonly FixtureSeat[],
  clients: readonly AccountId[] = [accountOf('client 1'), accountOf('client 2')],
): { readonly body: CertificateBody; readonly transcript: Transcript } {
  const members = seats.map(
    ({ principal, worker = principal, isScored = true }): CertifiedMember => ({
      principal: nodeOf(principal),
      worker: nodeOf(worker),
      workerBps: 10_000,
      onProbation: false,
      outcome: isScored ? 'scored' : 'late',
      losses: isScored ? [[1, 8], null] : [null, null],
      standing: { global: [0, 0], place: [0, 0] },
      slashMicro: 0n,
      workerSlashMicro: 0n,
    }),
  );
  const reveals = seats.map(({ principal, worker = principal, vectors }) => {
    const bytes = vectors.map((vector) => int16Bytes(Int16Array.from(vector)));
    return {
      principal: nodeOf(principal),
      worker: nodeOf(worker),
      first: bytes.slice(0, 2),
      second: bytes.slice(2),
    };
  });
  const body = {
    data: clients.map((client, index) => ({
      order: hashOf('test/order', index),
      client,
      clientSeq: 30 + index,
      vector: new Uint8Array(1),
      vectorSalt: hashOf('test/vector-salt', index),
      winner: nodeOf('a'),
      feeMicro: [1_000n, 500n][index]!,
    })),
    members,
    place: 0,
  };
  return {
    body: body as unknown as CertificateBody,
    transcript: { question, reveals } as unknown as Transcript,
  };
}
