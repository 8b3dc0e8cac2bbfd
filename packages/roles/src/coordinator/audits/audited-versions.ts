import type { Hash, NodeId } from '@market-of-experts/core';
import {
  type AuditSums,
  addAuditedPair,
  type Fraction,
  fraction,
  isBetterInExams,
  noAuditedPairs,
} from '@market-of-experts/protocol';

/** What one expert lost in a pair of texts, and under which version of its model it answered both. */
export interface AuditedLoss {
  readonly node: NodeId;
  readonly version: Hash;
  readonly inExam: Fraction;
  readonly inService: Fraction;
}

/** What audits add up to for the version that an expert answers with. */
export interface AuditedVersion {
  readonly node: NodeId;
  readonly version: Hash;
  /** Its losses as they are: nobody else can change them. */
  readonly plain: AuditSums;
  /** Less the mean of the others' in the same text: how hard a text and its wrong answers were is taken out. */
  readonly excess: AuditSums;
  /** It was surely better in exams once. */
  readonly isFound: boolean;
}

/** Experts that are kept at most; those that were audited longest ago go. */
export const mostAuditedExperts = 1_024;

/** Sums of all experts' pairs, each of its latest version. */
export interface AuditedVersions {
  /**
   * Takes in the losses of all that were examined on one text and sent another. Returns who is found by it. One alone is not counted: how hard
   * its texts were, nobody knows.
   */
  add(losses: readonly AuditedLoss[]): readonly AuditedVersion[];
  isFound(node: NodeId, version: Hash): boolean;
  all(): readonly AuditedVersion[];
}

export function auditedVersions(start: readonly AuditedVersion[]): AuditedVersions {
  const known = new Map(start.map((each) => [each.node, each]));
  return {
    add(losses) {
      if (losses.length < 2) return [];
      return losses.flatMap((loss) => {
        const { node, version } = loss;
        const before = known.get(node);
        const sums = before?.version === version ? before : { ...fresh, node, version };
        const others = losses.filter((other) => other !== loss);
        const plain = addAuditedPair(sums.plain, loss);
        const excess = addAuditedPair(sums.excess, {
          inExam: above(loss, others, 'inExam'),
          inService: above(loss, others, 'inService'),
        });
        // Others can make it seem better in exams by being worse there themselves, but not lower its own losses.
        const isFound = sums.isFound || (isBetterInExams(plain) && isBetterInExams(excess));
        const after = { node, version, plain, excess, isFound };
        // Last in the order: it was audited last.
        known.delete(node);
        known.set(node, after);
        const [oldest] = known.keys();
        if (known.size > mostAuditedExperts && oldest !== undefined) known.delete(oldest);
        return isFound && !sums.isFound ? [after] : [];
      });
    },
    isFound(node, version) {
      const of = known.get(node);
      return of?.version === version && of.isFound;
    },
    all: () => [...known.values()],
  };
}

const fresh = { plain: noAuditedPairs, excess: noAuditedPairs, isFound: false };

/** What a loss is above the mean of the others' in the same text. */
function above(own: AuditedLoss, others: readonly AuditedLoss[], side: 'inExam' | 'inService'): Fraction {
  const { numerator, denominator } = own[side];
  const count = BigInt(others.length);
  let sum = fraction(0, 1);
  for (const other of others) {
    const loss = other[side];
    sum = {
      numerator: sum.numerator * loss.denominator + loss.numerator * sum.denominator,
      denominator: sum.denominator * loss.denominator,
    };
  }
  return {
    numerator: numerator * count * sum.denominator - sum.numerator * denominator,
    denominator: denominator * count * sum.denominator,
  };
}
