import { hashOf, type NodeId } from '@market-of-experts/core';
import { fraction } from '@market-of-experts/protocol';
import { expect, it } from 'vitest';
import {
  type AuditedLoss,
  type AuditedVersions,
  auditedVersions,
  mostAuditedExperts,
} from '../../../src/coordinator/audits/audited-versions.ts';

const node = (name: string): NodeId => hashOf('test/node', name) as string as NodeId;
const first = hashOf('test/version', 1);
const loss = (name: string, inExam: number, inService: number, version = first): AuditedLoss => ({
  node: node(name),
  version,
  inExam: fraction(inExam, 100),
  inService: fraction(inService, 100),
});
/** Texts by turns hard and easy. */
const play = (
  versions: AuditedVersions,
  of: (hard: number) => readonly AuditedLoss[],
  pairs = 60,
): NodeId[] =>
  Array.from({ length: pairs }, (_, index) => versions.add(of(index % 2 === 0 ? 10 : -10))).flatMap((found) =>
    found.map((each) => each.node),
  );

it('finds who is better in exams than in service, once, and forgets it with its version', () => {
  const versions = auditedVersions([]);
  const liar = (version = first) =>
    play(versions, (hard) => [loss('liar', 20, 40 + hard, version), loss('b', 30, 30 + hard)]);
  expect(liar()).toEqual([node('liar')]);
  expect(liar()).toEqual([]);
  const next = auditedVersions(versions.all());
  expect([next.isFound(node('liar'), first), next.isFound(node('b'), first)]).toEqual([true, false]);
  const second = hashOf('test/version', 2);
  expect(next.isFound(node('liar'), second)).toBe(false);
  next.add([loss('liar', 20, 20, second), loss('b', 20, 20)]);
  expect(next.all().find((each) => each.node === node('liar'))).toMatchObject({
    isFound: false,
    plain: { count: 1n },
  });
});

it('others cannot make an honest expert seem better in exams by being worse there', () => {
  const versions = auditedVersions([]);
  const found = play(versions, (hard) => [
    loss('honest', 30, 30 + hard),
    loss('framer', 90, 30 + hard),
    loss('another', 90, 30 + hard),
  ]);
  expect(found).toEqual([]);
});

it('texts that are harder in service than in exams are nobody’s fault', () => {
  const versions = auditedVersions([]);
  expect(
    play(
      versions,
      (hard) => [loss('a', 20, 40 + hard), loss('b', 20, 41 + hard), loss('c', 20, 39 + hard)],
      30,
    ),
  ).toEqual([]);
});

it('one alone counts for nothing, and so many experts are kept', () => {
  const versions = auditedVersions([]);
  expect(versions.add([loss('a', 0, 90)])).toEqual([]);
  expect(versions.all()).toEqual([]);
  for (let index = 0; index < mostAuditedExperts; index += 1)
    versions.add([loss(`n${index}`, 20, 20), loss(`n${index + 1}`, 20, 20)]);
  expect(versions.all()).toHaveLength(mostAuditedExperts);
  expect(versions.all().some((each) => each.node === node('n0'))).toBe(false);
});
