/**
 * Fits the alignments of the founding experts and writes them to `data/alignments`. To be run again when an
 * expert's model changes. Usage: npm run -w @market-of-experts/models fit-alignments [MODELS_DIR] [NAME…]
 */
import { statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyAlignment } from '../src/alignment/alignment.ts';
import { readAlignment, writeAlignment } from '../src/alignment/alignment-file.ts';
import { fitAlignment, measureAlignment } from '../src/alignment/fit-alignment.ts';
import { alignmentFileOf, marketExperts } from '../src/catalogue/catalogue.ts';
import { createModelHost } from '../src/host/model-host.ts';
import { dot } from '../src/unit-vector.ts';
import { anchorTexts } from './anchor-texts.ts';

const [modelsDir = join(tmpdir(), 'moe-alignment-models'), ...only] = process.argv.slice(2);
const anchors = anchorTexts(600);
const texts = anchors.map(({ text }) => text);
const groups = anchors.map(({ paragraph }) => paragraph);
console.log(`${texts.length} texts from ${new Set(groups).size} paragraphs`);

const host = createModelHost({ modelsDir });
try {
  const founder = await host.open({ kind: 'minilm', layers: 6 });
  const targets = await embedAll(founder.embed, texts);
  for (const expert of marketExperts) {
    const path = alignmentFileOf(expert);
    if (path === undefined || (only.length > 0 && !only.includes(expert.name))) continue;
    const backend = await host.open(expert.native);
    // Half of the paragraphs for a slow expert: enough for its size, and minutes instead of a quarter of an hour.
    const chosen = anchors.flatMap(({ paragraph }, place) =>
      expert.speed === 'slow' && paragraph % 2 === 1 ? [] : [place],
    );
    const native = await embedAll(
      backend.embed,
      chosen.map((place) => texts[place]!),
    );
    const wanted = chosen.map((place) => targets[place]!);
    await backend.close();
    const startedMs = performance.now();
    const exact = fitAlignment(native, wanted, {
      groups: chosen.map((place) => groups[place]!),
      lambdas: [0.003, 0.01, 0.1, 1, 10],
      folds: 5,
    });
    writeAlignment(path, exact);
    const stored = readAlignment(path);
    const roundingCosine = Math.min(
      ...native.map((vector) => dot(applyAlignment(exact, vector), applyAlignment(stored, vector))),
    );
    console.log(
      `${expert.name}: held-out cosine ${stored.heldOutCosine.toFixed(4)} (lambda ${stored.lambda}), ` +
        `on the fitted texts ${measureAlignment(stored, native, wanted).toFixed(4)}, ` +
        `rounding costs at most 1 - ${roundingCosine.toFixed(6)}, ${statSync(path).size} bytes, ` +
        `${((performance.now() - startedMs) / 1000).toFixed(1)} s`,
    );
  }
} finally {
  await host.close();
}

async function embedAll(
  embed: (texts: readonly string[]) => Promise<Float32Array[]>,
  texts: readonly string[],
): Promise<Float32Array[]> {
  const vectors: Float32Array[] = [];
  for (let start = 0; start < texts.length; start += 512) {
    vectors.push(...(await embed(texts.slice(start, start + 512))));
    process.stdout.write(`\r${vectors.length}/${texts.length} `);
  }
  process.stdout.write('\r');
  return vectors;
}
