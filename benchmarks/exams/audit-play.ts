import {
  type AuditedPair,
  addAuditedPair,
  drawStream,
  examLoss,
  type Fraction,
  fraction,
  isBetterInExams,
  noAuditedPairs,
} from '@market-of-experts/protocol';
import type { ExamDatum } from './exam-batches.ts';
import type { Player } from './players.ts';

/** Pairs of texts after which an audit is given up. */
const mostPairs = 8_000;
/** Pairs between two looks at all of them. */
const lookPairs = 80;
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

/** Median of the pairs of different texts of one kind until a player is found, over `trials`; undefined where half are not. */
export function pairsUntilFound(init: AuditInit, trials: number): number | undefined {
  const next = pairsOf(init);
  const found = Array.from({ length: trials }, () => {
    let sums = noAuditedPairs;
    for (let pairs = lookPairs; pairs <= mostPairs; pairs += lookPairs) {
      for (let pair = 0; pair < lookPairs; pair += 1) sums = addAuditedPair(sums, next());
      if (isBetterInExams(sums)) return pairs;
    }
    return Number.POSITIVE_INFINITY;
  }).sort((a, b) => a - b);
  const median = found[found.length >> 1]!;
  return Number.isFinite(median) ? median : undefined;
}

/** Chance that an honest player is found at one look, the pairs forgotten after each 25. */
export function falseAlarms(
  player: Player,
  fellows: readonly Player[],
  data: readonly ExamDatum[],
  looks: number,
): number {
  const next = pairsOf({ bent: player, straight: player, fellows, data });
  let alarms = 0;
  let sums = noAuditedPairs;
  for (let look = 0; look < looks; look += 1) {
    for (let pair = 0; pair < lookPairs; pair += 1) sums = addAuditedPair(sums, next());
    if (isBetterInExams(sums)) alarms += 1;
    if (look % 25 === 24) sums = noAuditedPairs;
  }
  return alarms / looks;
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
    return { inExam: low[first]!, inService: high[same[stream.below(same.length)]!]! };
  };
}
