import type { ExamDatum } from './exam-batches.ts';

const rates = { epochs: 30, step: 0.3 };

/** What the form of a text says without understanding: how alike two texts are by it, learnt from data. */
export function shallowLikeness(
  texts: readonly string[],
  data: readonly ExamDatum[],
): (a: number, b: number) => number {
  const features = texts.map(featuresOf);
  const count = features[0]!.length;
  const spread = Array.from({ length: count }, (_, axis) => {
    const values = features.map((feature) => feature[axis]!);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) || 1;
  });
  const apart = (a: number, b: number): number[] =>
    features[a]!.map((value, axis) => Math.min(3, Math.abs(value - features[b]![axis]!) / spread[axis]!));
  const weights = new Array<number>(count).fill(0);
  const scoreOf = (distances: readonly number[]): number =>
    distances.reduce((sum, value, axis) => sum + value * weights[axis]!, 0);
  // Logistic regression on differences: an own piece against another of the same list.
  for (let epoch = 0; epoch < rates.epochs; epoch += 1)
    for (const { kept, own, others } of data)
      for (const [turn, piece] of own.entries()) {
        const right = apart(kept, piece);
        const wrong = apart(kept, others[(7 * epoch + turn) % others.length]!);
        const slip = 1 / (1 + Math.exp(scoreOf(right) - scoreOf(wrong)));
        for (let axis = 0; axis < count; axis += 1)
          weights[axis]! +=
            (rates.step / Math.sqrt(1 + 100 * epoch)) * 0.1 * slip * (right[axis]! - wrong[axis]!);
      }
  return (a, b) => scoreOf(apart(a, b));
}

function featuresOf(text: string): number[] {
  const letters = [...text];
  const words = text.split(' ');
  const share = (pattern: RegExp): number =>
    letters.filter((letter) => pattern.test(letter)).length / letters.length;
  return [
    Math.log(letters.length),
    Math.log(words.length),
    letters.length / words.length,
    words.filter((word) => word.length <= 3).length / words.length,
    words.filter((word) => word.length >= 8).length / words.length,
    new Set(words).size / words.length,
    share(/0/),
    share(/[aeiou]/),
    share(/e/),
    share(/[^a-z0 ]/),
    share(/\p{Script=Cyrillic}/u),
    share(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u),
    share(/[äöüßéèàçñ]/),
    share(/[xyzqjk]/),
    share(/[tns]/),
    words.filter((word) => word === '0').length,
  ];
}
