import { type Hash, hashOf, type JobId, type NodeId } from '@market-of-experts/core';
import type { CertificateBody, SettlementBody } from '@market-of-experts/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { contraryTestimony } from '../../src/validator/contrary-testimony.ts';
import { type SettledCertificate, settledWork } from '../../src/validator/settled-work.ts';

const names = ['me', 'honest', 'honest-2', 'liar', 'liar-2'] as const;
type Name = (typeof names)[number];
const nodes = Object.fromEntries(
  names.map((name) => [name, hashOf('settled-work/node', name) as string as NodeId]),
) as Record<Name, NodeId>;
const nameOf = (node: NodeId): string => names.find((name) => nodes[name] === node)!;

function outcome(job: number, winner: 'good' | 'bad', transcript = job): CertificateBody {
  return {
    job: `job-${job}` as JobId,
    transcript: `transcript-${transcript}` as Hash,
    data: [{ winner: winner as NodeId, vector: new Uint8Array(), vectorSalt: hashOf('salt', 0) }],
    members: [],
  } as unknown as CertificateBody;
}

function certified(
  body: CertificateBody,
  signers: readonly Name[],
  witnesses: readonly Name[],
): SettledCertificate {
  const ids = (list: readonly Name[]): NodeId[] => list.map((name) => nodes[name]);
  return {
    certificate: { body, signatures: [] },
    data: [0],
    signers: ids(signers),
    witnesses: ids(witnesses),
  };
}

function settlement(batch: number, content = 'one'): SettlementBody {
  return { batch, root: hashOf('settled-work/root', content) } as unknown as SettlementBody;
}

describe('the record of settled work', () => {
  let observed: CertificateBody[];
  let work: ReturnType<typeof settledWork>;
  let batch = 0;
  beforeEach(() => {
    observed = [];
    work = settledWork({ self: nodes.me, record: { observe: (body) => observed.push(body) } });
  });
  const settle = (...certificates: SettledCertificate[]): void => {
    batch += 1;
    work.verified(settlement(batch), certificates);
    work.applied(settlement(batch));
  };

  it('counts every certified job once, whoever witnessed it', () => {
    work.witnessed(outcome(1, 'good'));
    expect(observed).toEqual([]);
    settle(
      certified(outcome(1, 'good'), ['me', 'honest'], ['me', 'honest', 'liar']),
      certified(outcome(2, 'bad'), ['honest', 'honest-2'], ['honest', 'honest-2', 'liar']),
    );
    expect(observed).toEqual([outcome(1, 'good'), outcome(2, 'bad')]);
    work.applied(settlement(batch));
    expect(observed).toHaveLength(2);
  });

  it('counts nothing of a settlement that the ledger did not take', () => {
    work.verified(settlement(7, 'mine'), [
      certified(outcome(1, 'good'), ['honest', 'honest-2'], ['honest', 'honest-2']),
    ]);
    work.applied(settlement(7, 'another gateway’s'));
    work.applied(settlement(8, 'mine'));
    expect(observed).toEqual([]);
  });

  it('believes no single witness but itself', () => {
    settle(certified(outcome(1, 'bad'), ['liar'], ['liar']), certified(outcome(2, 'good'), ['me'], ['me']));
    expect(observed).toEqual([outcome(2, 'good')]);
  });

  it('believes what it recomputed, and never again those who signed another outcome of it', () => {
    work.witnessed(outcome(1, 'good'));
    settle(certified(outcome(1, 'bad'), ['liar', 'liar-2'], ['me', 'liar', 'liar-2']));
    expect(observed).toEqual([outcome(1, 'good')]);
    expect([...work.caught()].map(nameOf)).toEqual(['liar', 'liar-2']);
    settle(
      certified(outcome(2, 'bad'), ['liar', 'liar-2'], ['honest', 'liar', 'liar-2']),
      certified(outcome(3, 'bad'), ['honest', 'liar-2'], ['honest', 'honest-2', 'liar-2']),
      certified(outcome(4, 'good'), ['honest', 'honest-2', 'liar'], ['honest', 'honest-2', 'liar']),
    );
    expect(observed.slice(1)).toEqual([outcome(4, 'good')]);
  });

  it('is not turned against honest witnesses by a coordinator that shows two transcripts', () => {
    work.witnessed(outcome(1, 'good', 1));
    settle(certified(outcome(1, 'bad', 2), ['honest', 'honest-2'], ['me', 'honest', 'honest-2']));
    expect(work.caught().size).toBe(0);
  });

  it('remembers whom it caught over a restart', () => {
    work = settledWork({
      self: nodes.me,
      record: { observe: (body) => observed.push(body) },
      caught: [nodes.liar, nodes['liar-2']],
    });
    settle(certified(outcome(1, 'bad'), ['liar', 'liar-2'], ['honest', 'liar', 'liar-2']));
    expect(observed).toEqual([]);
  });

  it('of a liar is as contrary about others’ certificates', () => {
    const body = {
      ...outcome(1, 'good'),
      members: [
        { principal: 'good', worker: 'good', losses: [[1, 10]], onProbation: false },
        { principal: 'bad', worker: 'bad', losses: [[5, 10]], onProbation: false },
      ],
    } as unknown as CertificateBody;
    work = settledWork({
      self: nodes.me,
      record: { observe: (each) => observed.push(each) },
      testimony: contraryTestimony,
    });
    settle(certified(body, ['honest', 'honest-2'], ['honest', 'honest-2', 'me']));
    expect(observed[0]!.data[0]!.winner).toBe('bad');
  });
});
