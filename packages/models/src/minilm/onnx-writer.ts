/**
 * Writes ONNX models (protobuf, IR version 9, operator set 20): just the fields that a graph with constant
 * weights needs. Field numbers: onnx.proto of the ONNX project.
 */

const elementTypes = { float32: 1, uint8: 2, int64: 7 } as const;
type ElementType = keyof typeof elementTypes;

type TensorData = Float32Array | Uint8Array | BigInt64Array;
/** An integer, a list of integers, text, or `{ float }` (JavaScript cannot tell 1.0 from 1). */
export type AttributeValue = number | readonly number[] | string | { readonly float: number };
/** A fixed length or the name of a variable one. */
type Dimension = number | string;

export interface ValueInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly dimensions: readonly Dimension[];
}

/** A protobuf message under construction: its chunks, and how many bytes they are together. */
class Message {
  readonly chunks: Uint8Array[] = [];
  byteLength = 0;

  private push(bytes: Uint8Array): void {
    this.chunks.push(bytes);
    this.byteLength += bytes.length;
  }

  private varint(value: number | bigint): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    const bytes: number[] = [];
    do {
      const low = Number(rest & 127n);
      rest >>= 7n;
      bytes.push(rest > 0n ? low | 128 : low);
    } while (rest > 0n);
    this.push(Uint8Array.from(bytes));
  }

  private key(field: number, wireType: number): void {
    this.varint((field << 3) | wireType);
  }

  integer(field: number, value: number): this {
    this.key(field, 0);
    this.varint(value);
    return this;
  }

  bytes(field: number, bytes: Uint8Array): this {
    this.key(field, 2);
    this.varint(bytes.length);
    this.push(bytes);
    return this;
  }

  text(field: number, text: string): this {
    return this.bytes(field, Buffer.from(text));
  }

  float(field: number, value: number): this {
    this.key(field, 5);
    this.push(new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  message(field: number, inner: Message): this {
    this.key(field, 2);
    this.varint(inner.byteLength);
    for (const chunk of inner.chunks) this.push(chunk);
    return this;
  }
}

function attribute(name: string, value: AttributeValue): Message {
  const message = new Message().text(1, name);
  if (typeof value === 'number') return message.integer(3, value).integer(20, 2);
  if (typeof value === 'string') return message.text(4, value).integer(20, 3);
  if ('float' in value) return message.float(2, value.float).integer(20, 1);
  for (const item of value) message.integer(8, item);
  return message.integer(20, 7);
}

function valueInfo({ name, type, dimensions }: ValueInfo): Message {
  const shape = new Message();
  for (const dimension of dimensions)
    shape.message(
      1,
      typeof dimension === 'string' ? new Message().text(2, dimension) : new Message().integer(1, dimension),
    );
  const tensorType = new Message().integer(1, elementTypes[type]).message(2, shape);
  return new Message().text(1, name).message(2, new Message().message(1, tensorType));
}

/** Collects constants and operators in order; every method gives back the name of what it added. */
export class OnnxGraph {
  private readonly graph = new Message();
  private readonly constants: Message[] = [];
  private count = 0;

  /** Adds a constant tensor (little-endian, row-major). An empty shape is a scalar. */
  constant(shape: readonly number[], data: TensorData): string {
    const name = `c${this.constants.length}`;
    const type: ElementType =
      data instanceof Float32Array ? 'float32' : data instanceof Uint8Array ? 'uint8' : 'int64';
    const tensor = new Message();
    for (const length of shape) tensor.integer(1, length);
    tensor.integer(2, elementTypes[type]).text(8, name);
    tensor.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    this.constants.push(tensor);
    return name;
  }

  integers(values: readonly number[]): string {
    return this.constant([values.length], BigInt64Array.from(values, BigInt));
  }

  integer(value: number): string {
    return this.constant([], BigInt64Array.of(BigInt(value)));
  }

  float(value: number): string {
    return this.constant([], Float32Array.of(value));
  }

  /** Adds one operator with one output, called `output` or by a fresh name. */
  apply(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    output = `t${this.count++}`,
  ): string {
    const node = new Message();
    for (const input of inputs) node.text(1, input);
    node.text(2, output).text(3, output).text(4, operator);
    for (const [name, value] of Object.entries(attributes)) node.message(5, attribute(name, value));
    this.graph.message(1, node);
    return output;
  }

  /** The model's bytes, in chunks that can be written one after the other. */
  finish(name: string, inputs: readonly ValueInfo[], outputs: readonly ValueInfo[]): readonly Uint8Array[] {
    this.graph.text(2, name);
    for (const tensor of this.constants) this.graph.message(5, tensor);
    for (const input of inputs) this.graph.message(11, valueInfo(input));
    for (const output of outputs) this.graph.message(12, valueInfo(output));
    return new Message()
      .integer(1, 9)
      .text(2, 'market-of-experts')
      .message(7, this.graph)
      .message(8, new Message().text(1, '').integer(2, 20)).chunks;
  }
}
