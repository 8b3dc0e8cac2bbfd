import { isMoeError } from '@market-of-experts/core';
import { randomFrom } from './random.ts';
import { nextInput, type Target } from './target.ts';

/** A case that went wrong; with its seed it can be played again. */
export interface BadCase {
  readonly kind: 'crash' | 'non-canonical';
  readonly target: string;
  readonly seed: number;
  readonly input: string;
  readonly why: string;
}

/** Plays `cases` inputs of one target, from one seed; tells before each one. */
export async function runCases(
  target: Target,
  seed: number,
  cases: number,
  onCase: () => void = () => {},
): Promise<BadCase[]> {
  const random = randomFrom(seed);
  const found: BadCase[] = [];
  for (let at = 0; at < cases; at++) {
    onCase();
    const input = nextInput(target, random);
    const finding = (kind: BadCase['kind'], why: string): void => {
      found.push({
        kind,
        target: target.name,
        seed,
        input: Buffer.from(input).toString('base64').slice(0, 4_000),
        why,
      });
    };
    try {
      const again = await target.read(input);
      if (again !== undefined && Buffer.compare(again, input) !== 0)
        finding('non-canonical', 'taken, and written in other bytes');
    } catch (error) {
      if (!isMoeError(error))
        finding('crash', error instanceof Error ? `${error.stack}`.slice(0, 600) : String(error));
    }
  }
  return found;
}
