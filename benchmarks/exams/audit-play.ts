import {
  type AuditedPair,
  auditOf,
  auditWindow,
  drawStream,
  examLoss,
  type Fraction,
  fraction,
} from '@market-of-experts/protocol';
import type { ExamDatum } from './exam-batches.ts';
import type { Player } from './players.ts';

/** Pairs of texts after which an audit is given up. */
const mostPairs = 8_000;
/** Pairs between two looks at all of them. */
const lookPairs = 80;
/** Standard errors above which the sum of all pairs tells a liar. */
const surely = 4;
const unit = 1_000_000;

export interface AuditInit {
  /** Where it sees what belongs together. */
  readonly bent: Player;
  /** Where it does not. */
  readonly straight: Player;
  /** Who was examined with it, and is honest: losses count as what they exceed the mean of theirs by. */
  readonly fellows: readonly Player[];
  readonly data: readonly ExamDatum[];
}

/** The protocol's audit by windows, or all pairs so far. */
export type AuditRule = 'windows' | 'all pairs';

/** Median of the pairs of different texts of one kind until a player is found, over `trials`; undefined where half are not. */
export function pairsUntilFound(init: AuditInit, rule: AuditRule, trials: number): number | undefined {
  const next = pairsOf(init);
  const step = rule === 'windows' ? auditWindow : lookPairs;
  const found = Array.from({ length: trials }, () => {
    const pairs: AuditedPair[] = [];
    while (pairs.length < mostPairs) {
      for (let pair = 0; pair < step; pair += 1) pairs.push(next());
      if (rule === 'windows' ? auditOf(pairs) === 'inventing' : zOf(pairs) > surely) return pairs.length;
    }
    return Number.POSITIVE_INFINITY;
  }).sort((a, b) => a - b);
  const median = found[found.length >> 1]!;
  return Number.isFinite(median) ? median : undefined;
}

/** Chance that an honest player is found at one look, one look after each window. */
export function falseAlarms(
  player: Player,
  fellows: readonly Player[],
  data: readonly ExamDatum[],
  looks: number,
): Record<AuditRule, number> {
  const init = { bent: player, straight: player, fellows, data };
  const [byWindow, byAll] = [pairsOf(init), pairsOf(init)];
  let [low, above] = [0, 0];
  const pairs: AuditedPair[] = [];
  for (let look = 0; look < looks; look += 1) {
    if (auditOf(Array.from({ length: auditWindow }, byWindow)) !== 'unsuspicious') low += 1;
    for (let pair = 0; pair < lookPairs; pair += 1) pairs.push(byAll());
    if (zOf(pairs) > surely) above += 1;
    if (look % 25 === 24) pairs.length = 0;
  }
  // Two windows in a row.
  return { windows: (low / looks) ** 2, 'all pairs': above / looks };
}

function zOf(pairs: readonly AuditedPair[]): number {
  const gains = pairs.map(({ oneList, twoLists }) => numberOf(twoLists) - numberOf(oneList));
  const mean = gains.reduce((a, b) => a + b, 0) / gains.length;
  const squares = gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0);
  return mean / Math.sqrt(squares / (gains.length * (gains.length - 1)));
}

const numberOf = ({ numerator, denominator }: Fraction): number => Number(numerator) / Number(denominator);

function pairsOf({ bent, straight, fellows, data }: AuditInit): () => AuditedPair {
  const lossOf = (player: Player, datum: ExamDatum): number => numberOf(examLoss(player.products(datum)!));
  const others = data.map(
    (datum) => fellows.reduce((sum, fellow) => sum + lossOf(fellow, datum), 0) / fellows.length,
  );
  const losses = (player: Player): Fraction[] =>
    data.map((datum, index) => fraction(Math.round(unit * (lossOf(player, datum) - others[index]!)), unit));
  const [low, high] = [losses(bent), losses(straight)];
  const ofKind = Map.groupBy(data.keys(), (index) => data[index]!.text.kind);
  const stream = drawStream(`${bent.name}/${straight.name}`, 'audit');
  return () => {
    const first = stream.below(data.length);
    const same = ofKind.get(data[first]!.text.kind)!;
    return { oneList: low[first]!, twoLists: high[same[stream.below(same.length)]!]! };
  };
}
