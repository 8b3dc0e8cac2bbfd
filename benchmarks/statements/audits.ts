import { fraction } from '@market-of-experts/protocol';
import { type AuditedPair, auditOf, auditWindow } from '@market-of-experts/protocol/statements/audit';
import { randomFrom } from '../fuzz/random.ts';

/** What audits come to for an expert whose losses in one list are lower by `gain` in the mean, each in proportion to what it is. */
interface AuditRates {
  readonly gain: number;
  readonly windows: number;
  /** Share of windows in which it is suspected: z > 3. */
  readonly suspected: number;
  /** Pairs until two windows in a row are so, in the mean: `window·(1 + p) / p²`. */
  readonly pairsUntilInventing: number;
}

/** Losses of one expert by batch, and the mean of the other members' in the same texts. */
export interface AuditedLosses {
  readonly own: readonly (readonly number[])[];
  readonly others: readonly (readonly number[])[];
}

/** Plays windows of pairs: two texts of one batch (so of one kind) each, drawn at random. */
export function auditRates({ own, others }: AuditedLosses, gain: number, windows: number): AuditRates {
  const random = randomFrom(11);
  const all = own.flat();
  const kept = 1 - gain / (all.reduce((sum, loss) => sum + loss, 0) / all.length);
  const relative = (batch: number, share: number) => {
    const text = random.below(own[batch]!.length);
    const loss = share * own[batch]![text]! - others[batch]![text]!;
    return fraction(Math.round(1_000 * loss), 1_000);
  };
  let low = 0;
  for (let window = 0; window < windows; window++) {
    const pairs: AuditedPair[] = Array.from({ length: auditWindow }, () => {
      const batch = random.below(own.length);
      return { oneList: relative(batch, kept), twoLists: relative(batch, 1) };
    });
    if (auditOf(pairs) === 'suspected') low++;
  }
  const share = low / windows;
  return { gain, windows, suspected: share, pairsUntilInventing: (auditWindow * (1 + share)) / share ** 2 };
}
