/**
 * Trains the specialists (or takes those of an earlier run) and prints the market's loss of the base model and of
 * every specialist, on held-out texts and on the sample texts of every kind: the sealed half against 4 pieces, 32
 * hard distractors out of 512 calibration pieces, two judges that are the unchanged base model.
 *
 * `node packages/training/scripts/evaluate-specialists.ts [DATA_DIR] [--only NAME,NAME] [--json]`
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCalibrationPieces } from '@market-of-experts/history';
import { applyResidual, createModelHost, readAdapterWeights } from '@market-of-experts/models';
import { drawCalibration, maskText, quantise, scoreMembers } from '@market-of-experts/protocol';
import {
  type EvaluationParagraph,
  evaluationParagraphs,
  sampleTexts,
  specialistDomains,
  trainSpecialist,
} from '../src/index.ts';

const masksPerSample = 4;
const paragraphsPerKind = 64;
const calibrationCount = 2048;

const args = process.argv.slice(2);
const dataDir =
  args.find((arg) => !arg.startsWith('--') && args[args.indexOf(arg) - 1] !== '--only') ??
  join(tmpdir(), 'moe-specialists');
const only = args.includes('--only') ? args[args.indexOf('--only') + 1]?.split(',') : undefined;
const host = createModelHost({ modelsDir: join(dataDir, 'models') });
const base = await host.open({ kind: 'minilm', layers: 6 });

const experts: { name: string; matrix: Float32Array | undefined }[] = [{ name: 'base', matrix: undefined }];
for (const domain of specialistDomains().filter(({ name }) => only === undefined || only.includes(name))) {
  const started = performance.now();
  const { name, weightsFile, manifest, isNew } = await trainSpecialist({ domain, dataDir, backend: base });
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(
    `${name}: ${isNew ? `trained in ${seconds} s` : 'stored'}, ${manifest.texts} texts, ` +
      `held-out loss ${manifest.heldOutLossBefore.toFixed(3)} → ${manifest.heldOutLossAfter.toFixed(3)}`,
  );
  experts.push({ name, matrix: readAdapterWeights(weightsFile).matrix });
}

/** Unit vectors by the base model, a few texts at a time. */
async function embed(texts: readonly string[]): Promise<Float32Array[]> {
  const vectors: Float32Array[] = [];
  for (let start = 0; start < texts.length; start += 64)
    vectors.push(...(await base.embed(texts.slice(start, start + 64))));
  return vectors;
}

const pieces = loadCalibrationPieces().slice(0, calibrationCount);
const calibration = (await embed(pieces.map(({ text }) => text))).map(quantise);

interface Case {
  readonly text: string;
  readonly documentId: string;
  readonly seed: string;
}
/** Mean market loss of every expert over the cases. */
async function lossesOf(cases: readonly Case[]): Promise<number[]> {
  const sums = experts.map(() => 0);
  let scored = 0;
  for (const { text, documentId, seed } of cases) {
    const masked = maskText(text, seed, { minimumWords: 12, pieces: 4, pieceWords: 12 });
    if (masked === undefined) continue;
    const vectors = await embed([masked.kept, text, ...masked.pieces]);
    const member = (matrix: Float32Array | undefined, isJudge: boolean) => {
      const [kept, full, ...hidden] = vectors.map((vector) =>
        quantise(matrix === undefined ? vector : applyResidual(vector, matrix)),
      );
      return {
        kept: kept!,
        full: full!,
        pieces: hidden,
        calibration: (index: number) => calibration[index]!,
        isJudge,
      };
    };
    const drawn = drawCalibration(
      seed,
      pieces.length,
      512,
      (index) => pieces[index]!.document === documentId,
    );
    const scores = scoreMembers(
      [
        ...experts.map(({ matrix }) => member(matrix, false)),
        member(undefined, true),
        member(undefined, true),
      ],
      drawn,
      32,
    );
    if (scores === undefined) continue;
    for (const [index] of experts.entries()) {
      const { numerator, denominator } = scores[index]!.losses[0]!;
      sums[index]! += Number(numerator) / Number(denominator);
    }
    scored += 1;
  }
  return sums.map((sum) => sum / scored);
}

const rows: { kind: string; texts: string; count: number; losses: number[] }[] = [];
const byKind = Map.groupBy(evaluationParagraphs(), ({ kind }: EvaluationParagraph) => kind);
for (const [kind, paragraphs] of byKind) {
  const step = Math.max(1, Math.floor(paragraphs.length / paragraphsPerKind));
  const cases = paragraphs
    .filter((_, index) => index % step === 0)
    .slice(0, paragraphsPerKind)
    .map(({ text, documentId }) => ({ text, documentId, seed: text }));
  rows.push({ kind, texts: 'held-out', count: cases.length, losses: await lossesOf(cases) });
}
for (const [kind, samples] of Map.groupBy(sampleTexts(), (sample) => sample.kind)) {
  const cases = samples.flatMap(({ text }) =>
    Array.from({ length: masksPerSample }, (_, mask) => ({ text, documentId: '', seed: `${mask}/${text}` })),
  );
  rows.push({ kind, texts: 'samples', count: samples.length, losses: await lossesOf(cases) });
}
await host.close();

const short = (name: string): string => name.replace('specialist-', '').slice(0, 9);
console.log(`\n| texts | n | ${experts.map(({ name }) => short(name)).join(' | ')} |`);
console.log(`|---|---|${experts.map(() => '---|').join('')}`);
for (const { kind, texts, count, losses } of rows) {
  const least = Math.min(...losses);
  const cells = losses.map((loss) => (loss === least ? `**${loss.toFixed(3)}**` : loss.toFixed(3)));
  console.log(`| ${kind}, ${texts} | ${count} | ${cells.join(' | ')} |`);
}
if (args.includes('--json')) console.log(JSON.stringify({ experts: experts.map(({ name }) => name), rows }));
