import { describe, expect, it } from 'vitest';
import { transformersBackend } from '../../src/transformers/transformers-backend.ts';

describe('the Transformers.js backend', () => {
  it('says how to install the package when it is missing', async () => {
    await expect(transformersBackend({ name: 'x', model: 'Xenova/all-MiniLM-L6-v2' })).rejects.toMatchObject({
      code: 'backend-missing',
      message: expect.stringContaining('npm install @huggingface/transformers'),
    });
  });

  it('cuts what the pipeline gives into vectors, and downloads nothing with a local folder', async () => {
    const env = { allowRemoteModels: true, localModelPath: '' };
    const extractor = Object.assign(
      async (texts: readonly string[]) => ({
        data: texts.flatMap((text) => [text.length, 1]),
        dims: [texts.length, 2],
      }),
      { dispose: async () => {} },
    );
    const backend = await transformersBackend(
      { name: 'x', model: 'local/model', modelFolder: '/models' },
      async () => ({ env, pipeline: async () => extractor }),
    );
    expect(backend.dimensions).toBe(2);
    expect(await backend.embed(['a', 'bbb'])).toEqual([Float32Array.of(1, 1), Float32Array.of(3, 1)]);
    expect(env).toEqual({ allowRemoteModels: false, localModelPath: '/models' });
    await backend.close();
  });

  it('refuses a pipeline that gives another shape', async () => {
    const extractor = Object.assign(async () => ({ data: [1, 2, 3], dims: [1, 1, 3] }), {
      dispose: async () => {},
    });
    const load = async () => ({
      env: { allowRemoteModels: true, localModelPath: '' },
      pipeline: async () => extractor,
    });
    await expect(transformersBackend({ name: 'x', model: 'm' }, load)).rejects.toMatchObject({
      code: 'backend-invalid-output',
    });
  });
});
