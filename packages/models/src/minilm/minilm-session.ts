import { InferenceSession, Tensor } from 'onnxruntime-node';
import { invalidOutput } from '../backend-errors.ts';
import { turnOffOnnxTelemetry } from '../onnx-telemetry.ts';
import { type MinilmLayers, minilmModelFile } from './minilm-model-file.ts';

export const minilmDimensions = 384;
const firstTokenId = 101;
const lastTokenId = 102;

/** A loaded MiniLM variant. */
export interface MinilmSession {
  /**
   * One pass over the token id sequences; shorter ones are padded. A row for each: its unit vector of 384 numbers, then those
   * of the early layers if the model gives them.
   */
  run(batch: readonly (readonly number[])[]): Promise<readonly Float32Array[]>;
  release(): Promise<void>;
}

/** Builds the model file if it is not there yet, and loads it. */
export async function openMinilmSession(
  modelsDir: string,
  layers: MinilmLayers,
  intraOpThreads: number,
): Promise<MinilmSession> {
  turnOffOnnxTelemetry();
  const session = await InferenceSession.create(minilmModelFile(modelsDir, layers).path, {
    intraOpNumThreads: intraOpThreads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    // Idle threads that spin take the core from everything else: twice the CPU time for one sentence.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
  return {
    run: async (batch) => {
      const width = Math.max(...batch.map((ids) => ids.length));
      const shape = [batch.length, width];
      const ids = new BigInt64Array(batch.length * width);
      const mask = new BigInt64Array(batch.length * width);
      for (const [row, tokens] of batch.entries()) {
        for (const [column, id] of tokens.entries()) ids[row * width + column] = BigInt(id);
        mask.fill(1n, row * width, row * width + tokens.length);
      }
      const outputs = await session.run({
        input_ids: new Tensor('int64', ids, shape),
        attention_mask: new Tensor('int64', mask, shape),
      });
      const parts = session.outputNames.map((name) => outputs[name]?.data);
      const rows = batch.map(() => new Float32Array(parts.length * minilmDimensions));
      for (const [part, data] of parts.entries()) {
        if (!(data instanceof Float32Array) || data.length !== batch.length * minilmDimensions)
          throw invalidOutput(
            `minilm-l${layers}`,
            'its model file has another form. Delete it; it is built again.',
          );
        for (const [row, numbers] of rows.entries())
          numbers.set(
            data.subarray(row * minilmDimensions, (row + 1) * minilmDimensions),
            part * minilmDimensions,
          );
      }
      return rows;
    },
    release: () => session.release(),
  };
}

/** Encodes the vocabulary entries `start` to `start + count - 1`, each by itself: their vectors, one after the other. */
export async function encodeEntries(
  session: MinilmSession,
  start: number,
  count: number,
): Promise<Float32Array> {
  const entries = Array.from({ length: count }, (_, place) => [firstTokenId, start + place, lastTokenId]);
  const vectors = new Float32Array(count * minilmDimensions);
  for (const [place, row] of (await session.run(entries)).entries())
    vectors.set(row.subarray(0, minilmDimensions), place * minilmDimensions);
  return vectors;
}
