/** How far are the vectors of one text from one another when a server runs the same model in another way? */
import { join } from 'node:path';
import { type BackendSpec, catalogue, createModelHost } from '@market-of-experts/models';
import { readCorpus, textKinds } from '@market-of-experts/training';
import { optionOf } from './scoring/options.ts';
import { auditRates, mostPairs } from './statements/audits.ts';
import { type Differences, differencesOf } from './statements/differences.ts';
import { encodeUnder, minilmConditions, minilmReference } from './statements/minilm-conditions.ts';
import { type EncodedText, examBatches, pulledLosses } from './statements/pulling.ts';

const benchFolder = join(import.meta.dirname, '../.bench');
const perKind = 8;

interface Row extends Differences {
  readonly encoder: string;
  readonly condition: string;
}

export async function run({ args }: { json: boolean; args: readonly string[] }): Promise<unknown> {
  const texts = corpusTexts();
  const modelsDir = join(benchFolder, 'models');
  const rows: Row[] = [];
  const add = (encoder: string, condition: string, differences: Differences): void => {
    rows.push({ encoder, condition, ...differences });
    console.error(`${encoder}, ${condition}: ${differences.largest.toExponential(1)}`);
  };

  const reference = await encodeUnder(minilmReference, modelsDir, texts);
  for (const condition of minilmConditions)
    add(
      'minilm-l6, ONNX fp32',
      condition.name,
      differencesOf(reference, await encodeUnder(condition, modelsDir, texts)),
    );
  for (const [name, spec] of plainEncoders)
    add(name, 'in one call, and each alone', await onceAndAlone(spec, modelsDir, texts));
  const llamaFolder = optionOf(args, '--llama');
  if (llamaFolder !== undefined) {
    const { llamaConditions } = await import('./statements/llama-conditions.ts');
    for await (const { condition, differences } of llamaConditions(llamaFolder, reference, texts))
      add('minilm-l6, llama.cpp', condition, differences);
  }
  const { gains, honest } = await studyOfPulling(modelsDir);
  const trials = Number(optionOf(args, '--trials') ?? 200);
  const audits = [...honest.keys()].flatMap((name) => auditsOf(name, honest, trials));
  console.log(`${texts.length} texts of ${textKinds.length} kinds; 1 − cosine to "${minilmReference.name}".`);
  console.table(rows.map(shown));
  console.log(
    'Exam loss, and what an expert gains that knows the assignment and pulls its vectors within a tolerance:',
  );
  console.table(gains);
  const worst = Math.max(...audits.filter(({ gain }) => gain === 0).map(({ accused }) => accused));
  console.log(
    `Audits days apart, z > 4 over all pairs, looked at after each of ${mostPairs}. ` +
      `Of the honest expert that is accused most, ${(100 * worst).toFixed(1)} % of the trials are.`,
  );
  console.table(audits);
  return { rows, gains, audits, falseAccusations: worst };
}

const tolerances = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 3e-2];

type Gains = Readonly<Record<string, string>>;

/** Exam losses by expert and batch, and what each gains by pulling. */
async function studyOfPulling(
  modelsDir: string,
): Promise<{ readonly gains: readonly Gains[]; readonly honest: ReadonlyMap<string, number[][]> }> {
  const batches = examBatches(3);
  const host = createModelHost({ modelsDir });
  const gains: Gains[] = [];
  const honest = new Map<string, number[][]>();
  for (const name of ['minilm-l6', 'minilm-l1', 'lexical', 'static']) {
    const backend = await host.open(catalogue.find((expert) => expert.name === name)!.native);
    const encoded: EncodedText[][] = [];
    for (const batch of batches) {
      const kept = await backend.embed(batch.map((text) => text.kept));
      const pieces = await backend.embed(batch.map((text) => text.piece));
      encoded.push(kept.map((vector, index) => ({ kept: vector, piece: pieces[index]! })));
    }
    honest.set(name, pulledLosses(encoded, 0));
    const loss = mean(honest.get(name)!.flat());
    const gainAt = (tolerance: number): string =>
      (loss - mean(pulledLosses(encoded, tolerance).flat())).toFixed(4);
    gains.push({
      encoder: name,
      loss: loss.toFixed(4),
      ...Object.fromEntries(tolerances.map((tolerance) => [tolerance.toExponential(0), gainAt(tolerance)])),
    });
  }
  await host.close();
  return { gains, honest };
}

/** Audits of one expert among the others. */
function auditsOf(name: string, honest: ReadonlyMap<string, number[][]>, trials: number) {
  const own = honest.get(name)!;
  const rest = [...honest].filter(([other]) => other !== name).map(([, losses]) => losses);
  const others = own.map((batch, index) =>
    batch.map((_, text) => mean(rest.map((losses) => losses[index]![text]!))),
  );
  return [0, 0.03, 0.045, 0.063, 0.099].map((gain) => ({
    expert: name,
    ...auditRates({ own, others }, gain, trials),
  }));
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const plainEncoders: readonly (readonly [string, BackendSpec])[] = [
  ['static', { kind: 'static' }],
  ['lexical', { kind: 'lexical' }],
  ['use-lite, tfjs', { kind: 'use-lite' }],
];

/** Like lengths and kinds as requests have, and some longer than a short window. */
function corpusTexts(): string[] {
  return textKinds.flatMap((kind) => {
    const ofKind = readCorpus().filter((text) => text.kind === kind);
    const singles = ofKind.slice(0, perKind - 2).map(({ text }) => text);
    const long = ofKind.slice(perKind, perKind + 8).map(({ text }) => text);
    return [...singles, long.slice(0, 4).join(' '), long.slice(4).join(' ')];
  });
}

async function onceAndAlone(
  spec: BackendSpec,
  modelsDir: string,
  texts: readonly string[],
): Promise<Differences> {
  const openFresh = async (batches: readonly (readonly string[])[]): Promise<Float32Array[]> => {
    const host = createModelHost({ modelsDir });
    try {
      const backend = await host.open(spec);
      const vectors: Float32Array[] = [];
      for (const batch of batches) vectors.push(...(await backend.embed(batch)));
      return vectors;
    } finally {
      await host.close();
    }
  };
  return differencesOf(await openFresh([texts]), await openFresh(texts.map((text) => [text])));
}

function shown({ encoder, condition, texts, sameBits, median, largest, largestInt16 }: Row): object {
  const short = (gap: number): string => (gap === 0 ? '0' : gap.toExponential(1));
  return {
    encoder,
    condition,
    'same bits': `${sameBits}/${texts}`,
    median: short(median),
    largest: short(largest),
    'largest, int16': short(largestInt16),
  };
}
