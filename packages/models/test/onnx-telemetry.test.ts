/** Running a model leaves nothing on the machine but the model, and tells nobody: ONNX Runtime would do both. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { minilmModelFile } from '../src/minilm/minilm-model-file.ts';

const source = new URL('../src/', import.meta.url);
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'moe-telemetry-'));
  minilmModelFile(join(folder, 'models'), 1);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a program that embeds a text leaves in a user's folder and in the temporary one. */
function leftBehind(name: string, program: string): string[] {
  const home = join(folder, name);
  mkdirSync(home);
  const models = JSON.stringify(join(folder, 'models'));
  const output = execFileSync(
    process.execPath,
    ['--input-type=module', '--eval', program.replaceAll('SOURCE', source.href).replaceAll('MODELS', models)],
    // Where it thinks that it is in a test or in CI it keeps quiet by itself.
    { encoding: 'utf8', env: { PATH: process.env.PATH, HOME: home, TMPDIR: home } },
  );
  expect(output.trim()).toBe('384');
  return readdirSync(home);
}

it('in the thread of a model host', () => {
  const program = `
    import { createModelHost } from 'SOURCEhost/model-host.ts';
    const host = createModelHost({ modelsDir: MODELS });
    const backend = await host.open({ kind: 'minilm', layers: 1 });
    console.log((await backend.embed(['a text']))[0].length);
    await host.close();`;
  expect(leftBehind('host', program)).toEqual([]);
});

it('in the main thread', () => {
  const program = `
    import { openMinilmPass } from 'SOURCEminilm/minilm-backend.ts';
    const { sentences: backend } = await openMinilmPass({ modelsDir: MODELS, layers: 1, intraOpThreads: 1 });
    console.log((await backend.embed(['a text']))[0].length);
    await backend.close();`;
  expect(leftBehind('main', program)).toEqual([]);
});
