import { fraction } from '@market-of-experts/protocol';
import {
  addAuditedPair,
  isBetterInExams,
  noAuditedPairs,
} from '@market-of-experts/protocol/statements/audit';
import { randomFrom } from '../fuzz/random.ts';

/** What audits come to for an expert whose losses in exams are lower by `gain` in the mean, each in proportion to what it is. */
interface AuditRates {
  readonly gain: number;
  readonly trials: number;
  /** Share of the trials in which it is accused, by its losses and by their excess, within `mostPairs`, looked at after each pair. */
  readonly accused: number;
  /** Pairs until it is, the median; null where half of the trials end before. */
  readonly medianPairs: number | null;
}

/** Pairs after which a trial ends. */
export const mostPairs = 8_000;

/** Losses of one expert by batch, and the mean of the other members' in the same texts. */
export interface AuditedLosses {
  readonly own: readonly (readonly number[])[];
  readonly others: readonly (readonly number[])[];
}

/** Plays trials of pairs: two texts of one batch (so of one kind) each, drawn at random. */
export function auditRates({ own, others }: AuditedLosses, gain: number, trials: number): AuditRates {
  const random = randomFrom(11);
  const all = own.flat();
  const kept = 1 - gain / (all.reduce((sum, loss) => sum + loss, 0) / all.length);
  const millionths = (loss: number) => fraction(Math.round(1_000_000 * loss), 1_000_000);
  const drawn = (batch: number, share: number) => {
    const text = random.below(own[batch]!.length);
    const loss = share * own[batch]![text]!;
    return { plain: millionths(loss), excess: millionths(loss - others[batch]![text]!) };
  };
  const pairsUntilAccused = (): number => {
    let [plain, excess] = [noAuditedPairs, noAuditedPairs];
    for (let pairs = 1; pairs <= mostPairs; pairs += 1) {
      const batch = random.below(own.length);
      const [inExam, inService] = [drawn(batch, kept), drawn(batch, 1)];
      plain = addAuditedPair(plain, { inExam: inExam.plain, inService: inService.plain });
      excess = addAuditedPair(excess, { inExam: inExam.excess, inService: inService.excess });
      if (isBetterInExams(plain) && isBetterInExams(excess)) return pairs;
    }
    return Number.POSITIVE_INFINITY;
  };
  const found = Array.from({ length: trials }, pairsUntilAccused).sort((a, b) => a - b);
  const median = found[found.length >> 1]!;
  return {
    gain,
    trials,
    accused: found.filter(Number.isFinite).length / trials,
    medianPairs: Number.isFinite(median) ? median : null,
  };
}
