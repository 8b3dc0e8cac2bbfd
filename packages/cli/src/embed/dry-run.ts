import { feeOf } from '@market-of-experts/protocol';
import type { ChosenEdition } from './chosen-edition.ts';
import type { InputItem, Problem } from './input.ts';

/** What a run would do. Prices are the market's now: they may change before the run. */
export interface DryRun {
  readonly texts: number;
  readonly bytes: number;
  readonly failed: number;
  readonly skipped: number;
  /** `undefined` when no market answers. */
  readonly estimatedFeeMicro: bigint | undefined;
}

export async function dryRun(
  items: AsyncIterable<InputItem>,
  chosen: ChosenEdition | undefined,
  onProblem: (problem: Problem) => void,
): Promise<DryRun> {
  const market = chosen?.market;
  let texts = 0;
  let bytes = 0;
  let feeMicro = 0n;
  const problems = { failed: 0, skipped: 0 };
  const report = (problem: Problem): void => {
    problems[problem.kind] += 1;
    onProblem(problem);
  };
  for await (const item of items) {
    if (item.kind !== 'text') {
      report(item);
      continue;
    }
    const size = Buffer.byteLength(item.text);
    if (market !== undefined && size > market.maxTextBytes) {
      const reason = `has ${size} bytes; this market takes at most ${market.maxTextBytes} a text.`;
      report({ kind: 'failed', source: item.source, line: item.line, reason });
      continue;
    }
    texts += 1;
    bytes += size;
    if (chosen !== undefined)
      feeMicro += BigInt(chosen.parts) * feeOf(size, chosen.market.pricePerKilobyteMicro, 0n);
  }
  return { texts, bytes, ...problems, estimatedFeeMicro: market === undefined ? undefined : feeMicro };
}
