import type { Interval } from './intervals.ts';

interface Figure {
  readonly name: string;
  readonly mrr: number;
  readonly shortMrr: number;
}

export interface EditionBars {
  readonly isSwapped: boolean;
  readonly selfCosineMin: number;
  readonly edition: Figure;
  readonly parts: number;
  readonly byLoss: readonly Figure[];
  readonly oracle: Figure;
  readonly forms: readonly Figure[];
  readonly gainOverBestSingle: Interval;
  readonly byKind: readonly (Interval & { readonly kind: string })[];
}

/** What an edition has to reach; on the other side of documents the retrieval bars are those measured there before. */
export function barsOf(figures: EditionBars): readonly { readonly text: string; readonly isMet: boolean }[] {
  const { isSwapped, selfCosineMin, edition, parts, byLoss, oracle, forms, gainOverBestSingle, byKind } =
    figures;
  const of = (rows: readonly Figure[], name: string): Figure => rows.find((row) => row.name === name)!;
  const reach = (figure: Figure, name: string, [start, short]: readonly [number, number]) => ({
    text: `${name}: ${figure.mrr.toFixed(3)} / ${figure.shortMrr.toFixed(3)}, at least ${start} / ${short}`,
    isMet: figure.mrr >= start && figure.shortMrr >= short,
  });
  const two = of(byLoss, 'by mean loss alone, k = 2');
  const bytes = of(forms, 'int8, a scale a part');
  const lost = Math.max(edition.mrr - bytes.mrr, edition.shortMrr - bytes.shortMrr);
  const worst = byKind.reduce((least, each) => (each.high < least.high ? each : least));
  return [
    {
      text: `the same text again: cosine ${selfCosineMin.toFixed(7)}, at least .99999`,
      isMet: selfCosineMin >= 0.99999,
    },
    ...(isSwapped ? [] : [reach(two, 'two experts', [0.535, 0.385])]),
    reach(edition, `edition of ${parts} parts`, isSwapped ? [0.54, 0.395] : [0.545, 0.39]),
    {
      text: `gain over the best single expert ${(100 * gainOverBestSingle.mean).toFixed(1)} %, at least 10 %, and above 0`,
      isMet: gainOverBestSingle.mean >= 0.1 && gainOverBestSingle.low > 0,
    },
    {
      text: `no kind wholly below −2 %: ${worst.kind} up to ${(100 * worst.high).toFixed(1)} %`,
      isMet: worst.high >= -0.02,
    },
    { text: `int8 loses ${lost.toFixed(4)}, at most .002`, isMet: lost <= 0.002 },
    reach(of(forms, 'projected to 1024'), '1,024 numbers', [0.52, 0.36]),
    reach(of(forms, 'projected to 384'), '384 numbers', [0.5, 0.335]),
    {
      text: `oracle of kinds ${oracle.mrr.toFixed(3)} / ${oracle.shortMrr.toFixed(3)} beaten`,
      isMet: edition.mrr > oracle.mrr && edition.shortMrr > oracle.shortMrr,
    },
  ];
}
