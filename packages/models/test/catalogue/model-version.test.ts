import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { modelVersionOf, runtimeClassOf } from '../../src/catalogue/model-version.ts';
import { catalogue } from '../../src/index.ts';
import { whiteningFileOf } from '../../src/whitening/whitening-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'model-version-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('gives every expert of the catalogue a version of its own, the same at every look', () => {
  const versions = catalogue.map(modelVersionOf);
  expect(new Set(versions).size).toBe(catalogue.length);
  expect(catalogue.map(modelVersionOf)).toEqual(versions);
});

it('changes with a byte of a file that the model is made of, and not with where that lies', () => {
  const shipped = whiteningFileOf('minilm-l1-idf');
  const version = (whiteningFile: string) =>
    modelVersionOf({
      name: 'whitened',
      native: {
        kind: 'whitened',
        name: 'whitened',
        backend: { kind: 'minilm-layer', layer: 1 },
        whiteningFile,
      },
      dimensions: 192,
    });
  const copy = join(folder, 'copy.bin');
  copyFileSync(shipped, copy);
  expect(version(copy)).toBe(version(shipped));
  const bytes = readFileSync(copy);
  bytes[bytes.length - 40]! ^= 1;
  writeFileSync(copy, bytes);
  expect(version(copy)).not.toBe(version(shipped));
  expect(() => version(join(folder, 'gone.bin'))).toThrow(
    expect.objectContaining({ code: 'weights-missing' }),
  );
});

it('says of plain arithmetic that it is exact, and of libraries that they are not', () => {
  const classOf = (name: string) => runtimeClassOf(catalogue.find((expert) => expert.name === name)!.native);
  expect(classOf('lexical')).toBe('exact');
  for (const name of ['minilm-l6', 'static', 'use-lite', 'minilm-l1-idf'])
    expect(classOf(name)).toBe('float32');
});
