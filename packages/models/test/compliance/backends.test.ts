/** Every adapter of the port does what the port says: in this process, in a thread of its own, and behind a server. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { catalogue } from '../../src/catalogue/catalogue.ts';
import { backendComplianceTests } from '../../src/compliance/index.ts';
import { createModelHost } from '../../src/host/model-host.ts';
import { openAiBackend } from '../../src/openai/openai-backend.ts';
import { referenceBackend } from '../../src/reference/reference-backend.ts';
import { residualBackend } from '../../src/residual/residual-backend.ts';
import { staticBackend } from '../../src/static/static-backend.ts';
import { staticWeights } from '../../src/static/static-weights.ts';
import { transformersBackend } from '../../src/transformers/transformers-backend.ts';

const modelsDir = mkdtempSync(join(tmpdir(), 'moe-backends-'));
const host = createModelHost({ modelsDir });
afterAll(async () => {
  await host.close();
  rmSync(modelsDir, { recursive: true, force: true });
});
const words = () => referenceBackend('bag-of-words');

/** Two calls of a network may be rounded otherwise, since other texts are in the batch. */
const rounding = 1e-4;

for (const encoder of ['bag-of-words', 'char-4-grams', 'random'] as const)
  backendComplianceTests(`referenceBackend ${encoder}`, { open: () => referenceBackend(encoder) });

// MiniLM's other depths are the same adapter; the table of the static one takes 20 s to make: a made-up one is below.
for (const expert of catalogue)
  if (['minilm-l6', 'lexical', 'use-lite', 'grams-1024', 'minilm-l1-idf'].includes(expert.name))
    backendComplianceTests(`${expert.name} in its own space`, {
      tolerance: rounding,
      open: () => host.open(expert.native),
    });

backendComplianceTests('staticBackend', {
  open: async () => {
    const encode = async (start: number, count: number) =>
      Float32Array.from({ length: count * 384 }, (_, index) => Math.sin(start * 384 + index));
    return staticBackend(await staticWeights(modelsDir, async () => encode));
  },
});

backendComplianceTests('residualBackend', {
  open: () => {
    const matrix = Float32Array.from({ length: 384 * 384 }, (_, index) => Math.sin(index) / 100);
    return residualBackend('a specialist', words(), { dimensions: 384, matrix });
  },
});

backendComplianceTests('transformersBackend', {
  open: () =>
    transformersBackend({ name: 'a pipeline', model: 'local/model', modelFolder: modelsDir }, async () => ({
      env: { allowRemoteModels: true, localModelPath: '' },
      pipeline: async () =>
        Object.assign(
          async (texts: readonly string[]) => ({
            data: (await words().embed(texts)).flatMap((vector) => [...vector]),
            dims: [texts.length, 384],
          }),
          { dispose: async () => {} },
        ),
    })),
});

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { input } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { readonly input: string[] };
  const vectors = await words().embed(input);
  const data = vectors.map((vector, index) => ({ object: 'embedding', index, embedding: [...vector] }));
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ object: 'list', data }));
});
afterAll(() => {
  server.closeAllConnections();
  return new Promise<void>((resolve) => server.close(() => resolve()));
});
backendComplianceTests('openAiBackend', {
  tolerance: 1e-6,
  open: async () => {
    if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return openAiBackend({ name: 'a server', baseUrl: `http://127.0.0.1:${port}/v1`, model: 'words' });
  },
});
