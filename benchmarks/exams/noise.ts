import { referenceBackend } from '@market-of-experts/models';
import { derived, type ExamEncoder } from './exam-encoders.ts';

/** The encoder with noise of its own for each text, `amount` times as long as its vectors. */
export async function noisy(
  name: string,
  encoder: ExamEncoder,
  amount: number,
  texts: readonly string[],
): Promise<ExamEncoder> {
  const noise = await referenceBackend('random').embed(texts.map((text) => `${name} ${text}`));
  return derived(name, encoder, (vector, text) => {
    const scale = amount * 32_767;
    return Array.from(
      vector,
      (value, axis) => value + scale * (noise[text]![axis % noise[text]!.length] ?? 0),
    );
  });
}
