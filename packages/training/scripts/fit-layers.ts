/**
 * Makes what MiniLM's layers and USE-lite need to be experts of their own: `packages/models/data/minilm-token-idf.bin` and
 * `data/whitenings/`, from the texts for training and the reserve, none of a held-out document; two thirds of what it whitens by
 * are halves and short runs, as experts meet them. Takes some minutes. Usage: `node scripts/fit-layers.ts MODELS_DIR`; raise `graphVersion` of
 * the model file afterwards.
 */
import { statSync } from 'node:fs';
import { createModelHost } from '@market-of-experts/models';
import { loadMinilmTokenizer } from '@market-of-experts/models/minilm/minilm-tokenizer';
import { fitTokenIdf, tokenIdfFile } from '@market-of-experts/models/minilm/token-idf';
import { fitCentring, fitWhitening } from '@market-of-experts/models/whitening/fit-whitening';
import type { Whitening } from '@market-of-experts/models/whitening/whitening';
import { whiteningFileOf, writeWhitening } from '@market-of-experts/models/whitening/whitening-file';
import { readCorpus } from '../src/corpora/corpus.ts';
import { splitOf } from '../src/corpora/split.ts';
import { wordsOf } from '../src/corpora/words.ts';

const [modelsDir] = process.argv.slice(2);
if (modelsDir === undefined)
  throw new Error('Name a folder for models: node scripts/fit-layers.ts MODELS_DIR');

const corpus = readCorpus().filter((text) => splitOf(text) !== 'held-out');
const tokenizer = loadMinilmTokenizer();
fitTokenIdf(
  tokenIdfFile,
  corpus.map(({ text }) => tokenizer.encode(text)),
);
console.log(`${corpus.length} texts, ${statSync(tokenIdfFile).size} bytes: ${tokenIdfFile}`);

/** Whole texts, second halves and short runs in turn, evenly over all kinds. */
function sample(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const words = wordsOf(corpus[Math.floor((index * corpus.length) / count)]!.text);
    const parts = [words, words.slice(Math.floor(words.length / 2)), words.slice(0, 8)];
    return parts[index % parts.length]!.join('').trim();
  });
}

function write(name: string, whitening: Whitening): void {
  writeWhitening(whiteningFileOf(name), whitening);
  console.log(`${name}: ${statSync(whiteningFileOf(name)).size} bytes`);
}

const host = createModelHost({ modelsDir });
try {
  const texts = sample(3_000);
  const [first, third] = await Promise.all(
    ([1, 3] as const).map(async (layer) => (await host.open({ kind: 'minilm-layer', layer })).embed(texts)),
  );
  write('minilm-l1-idf', fitWhitening(first!, { outputDimensions: 192, power: 0.25, floor: 1e-4 }));
  write('minilm-l3-idf', fitCentring(third!));
  const useLite = await (await host.open({ kind: 'use-lite' })).embed(sample(600));
  write('use-lite-centred', fitCentring(useLite));
} finally {
  await host.close();
}
