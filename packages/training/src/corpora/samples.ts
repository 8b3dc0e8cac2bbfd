import { readFileSync } from 'node:fs';
import { textOf } from '@market-of-experts/core';
import { z } from 'zod';

export const sampleKinds = [
  'prose',
  'code',
  'german',
  'japanese',
  'french',
  'russian',
  'spanish',
  'typos',
] as const;
export type SampleKind = (typeof sampleKinds)[number];

/** A text written for the guided tour and the house's own jobs; nothing is trained on it. */
export interface SampleText {
  readonly kind: SampleKind;
  readonly text: string;
}

const samplesSchema = z.object({
  licence: z.string(),
  kinds: z.record(z.enum(sampleKinds), z.array(z.string()).min(6)),
});

/** Eight texts of every kind; kinds in the order of {@link sampleKinds}. */
export function sampleTexts(kind?: SampleKind): SampleText[] {
  const file = new URL('../../data/samples.json', import.meta.url);
  const { kinds } = samplesSchema.parse(JSON.parse(textOf(readFileSync(file))));
  return sampleKinds
    .filter((each) => kind === undefined || each === kind)
    .flatMap((each) => kinds[each].map((text) => ({ kind: each, text })));
}
