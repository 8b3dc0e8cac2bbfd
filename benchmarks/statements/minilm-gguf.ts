import { writeFileSync } from 'node:fs';
import { textOf } from '@market-of-experts/core';
import {
  readMinilmFile,
  readMinilmWeights,
  type SourceTensor,
} from '@market-of-experts/models/minilm/minilm-source';

/** Form of the weights of matrices; vectors and tables stay float32. */
export type GgufWeights = 'F32' | 'F16' | 'Q8_0';

const types: Readonly<Record<GgufWeights, number>> = { F32: 0, F16: 1, Q8_0: 8 };
const source = 'StatefulPartitionedCall/model/tf_bert_model/bert/';
const layers = 6;

interface Tensor {
  readonly name: string;
  /** Rows and columns, or a length. */
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Writes all-MiniLM-L6-v2 as a GGUF file (version 3) that llama.cpp runs as a BERT with mean pooling. */
export function writeMinilmGguf(path: string, weights: GgufWeights): void {
  const tensors = tensorsOf(readMinilmWeights());
  const fields = fieldsOf();
  const out = new Bytes().text('GGUF').u32(3).u64(tensors.length).u64(fields.length);
  for (const write of fields) write(out);
  const bodies = tensors.map((tensor) =>
    tensor.shape.length === 2 && tensor.name.startsWith('blk')
      ? { type: types[weights], bytes: packed(tensor.data, weights) }
      : { type: types.F32, bytes: packed(tensor.data, 'F32') },
  );
  let offset = 0;
  for (const [index, { name, shape }] of tensors.entries()) {
    out.string(name).u32(shape.length);
    for (const size of [...shape].reverse()) out.u64(size);
    out.u32(bodies[index]!.type).u64(offset);
    offset += aligned(bodies[index]!.bytes.length);
  }
  out.align();
  for (const { bytes } of bodies) out.raw(bytes).align();
  writeFileSync(path, out.all());
}

function tensorsOf(weights: ReadonlyMap<string, SourceTensor>): Tensor[] {
  const get = (name: string): Tensor => {
    const { shape, bytes, quantisation } = weights.get(name)!;
    const data =
      quantisation === undefined
        ? new Float32Array(new Uint8Array(bytes).buffer)
        : Float32Array.from(bytes, (value) => value * quantisation.scale + quantisation.min);
    return { name, shape, data };
  };
  const as = (name: string, from: string): Tensor => ({ ...get(from), name });
  const flat = (name: string, from: string): Tensor => {
    const { data } = get(from);
    return { name, shape: [data.length], data };
  };
  const dense = (name: string, from: string): Tensor[] => [
    transposed({ ...get(`${from}/Tensordot/ReadVariableOp`), name: `${name}.weight` }),
    flat(`${name}.bias`, `${from}/BiasAdd/ReadVariableOp`),
  ];
  const norm = (name: string, from: string): Tensor[] => [
    flat(`${name}.weight`, `${from}/batchnorm/mul/ReadVariableOp`),
    flat(`${name}.bias`, `${from}/batchnorm/ReadVariableOp`),
  ];
  return [
    as('token_embd.weight', 'unknown'),
    as('position_embd.weight', 'unknown_0'),
    as('token_types.weight', 'unknown_1'),
    ...norm('token_embd_norm', `${source}embeddings/LayerNorm`),
    ...Array.from({ length: layers }, (_, layer) => {
      const from = `${source}encoder/layer_._${layer}/`;
      const to = `blk.${layer}.`;
      return [
        ...dense(`${to}attn_q`, `${from}attention/self/query`),
        ...dense(`${to}attn_k`, `${from}attention/self/key`),
        ...dense(`${to}attn_v`, `${from}attention/self/value`),
        ...dense(`${to}attn_output`, `${from}attention/output/dense`),
        ...norm(`${to}attn_output_norm`, `${from}attention/output/LayerNorm`),
        ...dense(`${to}ffn_up`, `${from}intermediate/dense`),
        ...dense(`${to}ffn_down`, `${from}output/dense`),
        ...norm(`${to}layer_output_norm`, `${from}output/LayerNorm`),
      ];
    }).flat(),
  ];
}

/** TensorFlow keeps inputs as rows, GGUF outputs. */
function transposed({ name, shape, data }: Tensor): Tensor {
  const [rows, columns] = [shape[0]!, shape[1]!];
  const turned = new Float32Array(data.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      turned[column * rows + row] = data[row * columns + column]!;
  return { name, shape: [columns, rows], data: turned };
}

function fieldsOf(): ((out: Bytes) => void)[] {
  const u32 = (key: string, value: number) => (out: Bytes) => void out.string(key).u32(4).u32(value);
  const text = (key: string, value: string) => (out: Bytes) => void out.string(key).u32(8).string(value);
  const { model } = JSON.parse(textOf(readMinilmFile('tokenizer'))) as {
    model: { vocab: Record<string, number> };
  };
  const tokens = Object.entries(model.vocab)
    .sort(([, a], [, b]) => a - b)
    .map(([token]) => token);
  return [
    text('general.architecture', 'bert'),
    text('general.name', 'all-MiniLM-L6-v2'),
    u32('bert.block_count', layers),
    u32('bert.context_length', 512),
    u32('bert.embedding_length', 384),
    u32('bert.feed_forward_length', 1_536),
    u32('bert.attention.head_count', 12),
    (out) => void out.string('bert.attention.layer_norm_epsilon').u32(6).f32(1e-12),
    (out) => void out.string('bert.attention.causal').u32(7).raw(Uint8Array.of(0)),
    u32('bert.pooling_type', 1),
    text('tokenizer.ggml.model', 'bert'),
    u32('tokenizer.ggml.token_type_count', 2),
    (out) => {
      out.string('tokenizer.ggml.tokens').u32(9).u32(8).u64(tokens.length);
      for (const token of tokens) out.string(wordPiece(token));
    },
    ...Object.entries({
      bos: 101,
      eos: 102,
      unknown: 100,
      seperator: 102,
      padding: 0,
      cls: 101,
      mask: 103,
    }).map(([name, id]) => u32(`tokenizer.ggml.${name}_token_id`, id)),
  ];
}

/** llama.cpp marks the beginnings of words instead of their continuations. */
function wordPiece(token: string): string {
  if (/^\[.*\]$/.test(token)) return token;
  return token.startsWith('##') ? token.slice(2) : `\u2581${token}`;
}

function packed(data: Float32Array, weights: GgufWeights): Uint8Array {
  if (weights === 'F32') return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (weights === 'F16') return new Uint8Array(Uint16Array.from(data, halfBits).buffer);
  const blocks = data.length / 32;
  const out = Buffer.alloc(blocks * 34);
  for (let block = 0; block < blocks; block++) {
    const values = data.subarray(block * 32, block * 32 + 32);
    const scale = Math.max(...values.map(Math.abs)) / 127;
    out.writeUInt16LE(halfBits(scale), block * 34);
    for (const [index, value] of values.entries())
      out.writeInt8(scale === 0 ? 0 : Math.round(value / scale), block * 34 + 2 + index);
  }
  return out;
}

/** Bits of the nearest 16-bit float; those too small for a normal one become 0. */
function halfBits(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0]!;
  const exponent = ((bits >>> 23) & 255) - 112;
  if (exponent <= 0) return (bits >>> 16) & 0x8000;
  const rounded = ((exponent << 10) | ((bits >>> 13) & 1023)) + ((bits >>> 12) & 1);
  return ((bits >>> 16) & 0x8000) | rounded;
}

const aligned = (length: number): number => Math.ceil(length / 32) * 32;

/** A file under construction, little-endian. */
class Bytes {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    return this;
  }
  text(value: string): this {
    return this.raw(Buffer.from(value));
  }
  u32(value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return this.raw(bytes);
  }
  u64(value: number): this {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    return this.raw(bytes);
  }
  f32(value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value);
    return this.raw(bytes);
  }
  string(value: string): this {
    const bytes = Buffer.from(value);
    return this.u64(bytes.length).raw(bytes);
  }
  align(): this {
    return this.raw(new Uint8Array(aligned(this.#length) - this.#length));
  }
  all(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}
