import { type AccountId, type Hash, hashOf, type NodeId } from '@market-of-experts/core';
import type { CertificateBody, CertifiedMember } from '../../../../src/job/certificate.ts';
import type { Transcript } from '../../../../src/job/messages.ts';
import { drawStream } from '../../../../src/random/stream.ts';
import type { KeptDatum, KeptExam } from '../../../../src/tasks/embedding/mixture/kept-exam.ts';
import type { SettledExam } from '../../../../src/tasks/embedding/mixture/settled-exams.ts';
import { int16Bytes } from '../../../../src/tasks/embedding/vector.ts';

export const nodeOf = (name: string): NodeId => hashOf('test/node', name) as string as NodeId;
export const modelOf = (name: string): Hash => hashOf('test/model', name);
export const accountOf = (name: string): AccountId =>
  `0x${hashOf('test/account', name).slice(0, 40)}` as AccountId;

/** Two entries first, four second: the first datum has pieces 1 and 2, the other piece 0. */
const question: Transcript['question'] = {
  first: [hashOf('test/entry', 'a'), hashOf('test/entry', 'b')],
  second: ['c', 'd', 'e', 'f'].map((name) => hashOf('test/entry', name)),
  assignment: [
    { first: 0, second: [1, 2], wrong: [0, 3] },
    { first: 1, second: [0], wrong: [1, 2, 3] },
  ],
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
export type FixtureRoster = Parameters<
  typeof import('../../../../src/tasks/embedding/mixture/kept-exam.ts').keptExam
>[2];
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

/** How much an expert's own pieces stand out of its noise. */
export type Skills = Readonly<Record<string, number>>;

const othersOf = 12;

/** Exams of one datum each, in which every expert errs by itself; four orders a batch, each document one exam. */
export function drawnExams(count: number, skills: Skills, seed = 'exams'): SettledExam[] {
  const names = Object.keys(skills).sort((a, b) => (nodeOf(a) < nodeOf(b) ? -1 : 1));
  const exams = Array.from({ length: count }, (_, index): SettledExam => {
    const datum: KeptDatum = {
      client: accountOf(`client ${index % 24}`),
      clientSeq: 16 * Math.floor(index / 24),
      feeMicro: 1_000n,
      own: 2,
      products: names.map((name) => drawnProducts(`${seed}/${name}/${index}`, skills[name]!)),
    };
    const exam: KeptExam = {
      certificate: hashOf('test/certificate', [seed, index]),
      experts: names.map((name) => ({ node: nodeOf(name), modelVersion: modelOf(name), dimensions: 8 })),
      data: [datum],
    };
    return { batch: Math.floor(index / 4), data: [0], exam };
  });
  return exams.sort((a, b) => a.batch - b.batch || (a.exam.certificate < b.exam.certificate ? -1 : 1));
}

function drawnProducts(seed: string, skill: number): Uint8Array {
  const stream = drawStream(seed, 'products');
  const noise = (): number => 10_000 * (stream.below(1_001) + stream.below(1_001) - 1_000);
  const own = [0, 1].map(() => noise() + Math.round(4_000_000 * skill));
  const products = Int32Array.from([...own, ...Array.from({ length: othersOf }, noise)]);
  return new Uint8Array(products.buffer);
}
