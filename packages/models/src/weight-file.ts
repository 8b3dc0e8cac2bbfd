import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { MoeError, messageOf, textOf } from '@market-of-experts/core';
import { z } from 'zod';

/**
 * Layout: 8 bytes `MOEWGT01`, the header's length (uint32, little-endian), the header (JSON: kind, metadata,
 * tensors), each tensor's bytes (little-endian) from a multiple of 4 on, and the SHA-256 of all that precedes.
 */
const magic = Buffer.from('MOEWGT01');
const hashBytes = 32;
const maxHeaderBytes = 64 * 1024;
const maxFileBytes = 512 * 1024 * 1024;

const arrays = { float32: Float32Array, int16: Int16Array, int8: Int8Array } as const;
type WeightTensor = Float32Array | Int16Array | Int8Array;

const headerSchema = z.object({
  kind: z.string(),
  metadata: z.unknown(),
  tensors: z
    .array(z.object({ name: z.string(), type: z.enum(['float32', 'int16', 'int8']), length: z.int().min(0) }))
    .max(16),
});

export interface WeightFile<Metadata> {
  /** What the weights are, e.g. `residual-adapter`. */
  readonly kind: string;
  readonly metadata: Metadata;
  readonly tensors: Readonly<Record<string, WeightTensor>>;
}

/** Writes beside the place and renames into it, so that a reader sees the old file or the new one. */
export function writeWeightFile<Metadata>(path: string, file: WeightFile<Metadata>): void {
  const tensors = Object.entries(file.tensors);
  const header = Buffer.from(
    JSON.stringify({
      kind: file.kind,
      metadata: file.metadata,
      tensors: tensors.map(([name, tensor]) => ({ name, type: typeOf(tensor), length: tensor.length })),
    }),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  const parts = [magic, length, header, padding(header.length)];
  for (const [, tensor] of tensors)
    parts.push(Buffer.from(tensor.buffer, tensor.byteOffset, tensor.byteLength), padding(tensor.byteLength));
  const body = Buffer.concat(parts);
  const bytes = Buffer.concat([body, createHash('sha256').update(body).digest()]);
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    writeFileSync(temporary, bytes, { flush: true });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/**
 * Reads and checks a weight file of the given kind. Throws `weights-missing`, or `weights-corrupt` when it is
 * cut short, changed, or of another kind.
 */
export function readWeightFile<Metadata>(
  path: string,
  kind: string,
  metadataSchema: z.ZodType<Metadata>,
): WeightFile<Metadata> {
  const bytes = readBytes(path);
  const corrupt = (why: string): MoeError =>
    new MoeError(
      'weights-corrupt',
      `${path} is not a usable weight file: ${why}. Delete it and make it again.`,
      {
        metadata: { path },
      },
    );
  const bodyLength = bytes.length - hashBytes;
  if (bodyLength < magic.length + 4 || !bytes.subarray(0, magic.length).equals(magic))
    throw corrupt(`it does not begin with "${magic.toString()}"`);
  const body = bytes.subarray(0, bodyLength);
  if (!createHash('sha256').update(body).digest().equals(bytes.subarray(bodyLength)))
    throw corrupt('its SHA-256 is wrong, so it was cut short or changed');

  const headerLength = body.readUInt32LE(magic.length);
  const headerStart = magic.length + 4;
  if (headerLength > maxHeaderBytes || headerStart + headerLength > bodyLength)
    throw corrupt('its header is longer than the file');
  let header: z.infer<typeof headerSchema>;
  let metadata: Metadata;
  try {
    header = headerSchema.parse(JSON.parse(textOf(body.subarray(headerStart, headerStart + headerLength))));
    if (header.kind === kind) metadata = metadataSchema.parse(header.metadata);
    else throw new Error(`it holds "${header.kind}" where "${kind}" is needed`);
  } catch (error) {
    throw corrupt(messageOf(error));
  }

  const tensors: Record<string, WeightTensor> = {};
  let offset = headerStart + headerLength + padding(headerLength).length;
  for (const { name, type, length } of header.tensors) {
    const byteLength = length * arrays[type].BYTES_PER_ELEMENT;
    if (offset + byteLength > bodyLength) throw corrupt(`the tensor "${name}" is cut short`);
    // A copy of its own, so that it is aligned and does not hold the file's bytes.
    const copy = body.buffer.slice(body.byteOffset + offset, body.byteOffset + offset + byteLength);
    tensors[name] = new arrays[type](copy as ArrayBuffer);
    offset += byteLength + padding(byteLength).length;
  }
  return { kind, metadata, tensors };
}

/** The tensor of that name, type and length, or `weights-corrupt`. */
export function tensorOf<Type extends keyof typeof arrays>(
  file: WeightFile<unknown>,
  name: string,
  type: Type,
  length: number,
): InstanceType<(typeof arrays)[Type]> {
  const tensor = file.tensors[name];
  if (!(tensor instanceof arrays[type]) || tensor.length !== length)
    throw new MoeError(
      'weights-corrupt',
      `The ${file.kind} weights have no tensor "${name}" of ${length} ${type} numbers. Make the file again.`,
    );
  return tensor as InstanceType<(typeof arrays)[Type]>;
}

/** Throws `weights-missing`, or `weights-corrupt` for a file that is too long. */
export function readBytes(path: string): Buffer {
  try {
    const { size } = statSync(path);
    if (size > maxFileBytes)
      throw new MoeError('weights-corrupt', `${path} has ${size} bytes; at most ${maxFileBytes} are read.`);
    return readFileSync(path);
  } catch (cause) {
    if (cause instanceof MoeError) throw cause;
    throw new MoeError('weights-missing', `The weight file ${path} cannot be read: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function typeOf(tensor: WeightTensor): keyof typeof arrays {
  if (tensor instanceof Float32Array) return 'float32';
  return tensor instanceof Int16Array ? 'int16' : 'int8';
}

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
