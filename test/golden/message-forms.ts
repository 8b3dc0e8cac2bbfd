import { randomFrom } from '../../benchmarks/fuzz/random.ts';
import { messageTargets } from '../../benchmarks/fuzz/targets/messages.ts';
import { type Fingerprints, fingerprint } from './recording.ts';

const examples = 24;

/** Examples of every form that is decoded, read and written again: made from the forms themselves, so a renamed field shows. */
export async function messageForms(): Promise<Fingerprints> {
  const forms: Record<string, readonly string[]> = {};
  for (const { name, example, read } of messageTargets()) {
    const random = randomFrom(7);
    const prints = new Set<string>();
    for (let index = 0; index < examples; index += 1) {
      const bytes = example(random);
      prints.add(fingerprint(bytes));
      // What a form cannot take yet, as examples with signatures that do not hold, stays as it was made.
      const again = await Promise.resolve(bytes)
        .then(read)
        .catch(() => undefined);
      if (again !== undefined) prints.add(fingerprint(again));
    }
    forms[name] = [...prints];
  }
  return forms;
}
