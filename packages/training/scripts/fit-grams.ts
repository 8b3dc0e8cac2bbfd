/**
 * Makes `packages/models/data/grams.bin`, how rare each character n-gram is: counted on the texts for training and
 * the reserve, none of a held-out document. Usage: `node scripts/fit-grams.ts`.
 */
import { statSync } from 'node:fs';
import { gramsIdfFile } from '@market-of-experts/models/grams/grams-backend';
import { fitGramsIdf, writeGramsIdf } from '@market-of-experts/models/grams/grams-idf';
import { readCorpus } from '../src/corpora/corpus.ts';
import { splitOf } from '../src/corpora/split.ts';

const texts = readCorpus().filter((text) => splitOf(text) !== 'held-out');
writeGramsIdf(gramsIdfFile, fitGramsIdf(texts.map(({ text }) => text)));
console.log(`${texts.length} texts, ${statSync(gramsIdfFile).size} bytes: ${gramsIdfFile}`);
