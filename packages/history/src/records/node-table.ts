import { closeSync, constants, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { MoeError, type NodeId } from '@moe/core';

const idBytes = 32;
const maximumNodes = 1_000_000;

/**
 * Numbers for nodes, so that a record names each in four bytes. With a file, a node is written before any record can
 * name it, and half an entry that a crash left is cut off.
 */
export class NodeTable {
  readonly #ids: NodeId[] = [];
  readonly #indices = new Map<NodeId, number>();
  readonly #file: number | undefined;

  constructor(path: string | undefined) {
    if (path === undefined) return;
    this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644);
    const bytes = readFileSync(path);
    const count = Math.floor(bytes.length / idBytes);
    ftruncateSync(this.#file, count * idBytes);
    for (let index = 0; index < count; index += 1)
      this.#remember(bytes.toString('hex', index * idBytes, (index + 1) * idBytes) as NodeId);
  }

  get size(): number {
    return this.#ids.length;
  }

  id(index: number): NodeId {
    return this.#ids[index]!;
  }

  known(node: NodeId): number | undefined {
    return this.#indices.get(node);
  }

  /** The node's number, a new one when it is seen for the first time. Throws `history-full`. */
  index(node: NodeId): number {
    const known = this.#indices.get(node);
    if (known !== undefined) return known;
    if (this.#ids.length >= maximumNodes)
      throw new MoeError(
        'history-full',
        `The history knows ${maximumNodes} nodes, which is the limit. Delete its folder to start a new one.`,
      );
    if (this.#file !== undefined) this.#write(this.#file, node);
    return this.#remember(node);
  }

  sync(): void {
    if (this.#file !== undefined) fsyncSync(this.#file);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }

  /** Where it belongs, so that the half of an entry that a full disk left is written over. */
  #write(file: number, node: NodeId): void {
    const bytes = Buffer.from(node, 'hex');
    for (let done = 0; done < idBytes; )
      done += writeSync(file, bytes, done, idBytes - done, this.#ids.length * idBytes + done);
  }

  #remember(node: NodeId): number {
    this.#ids.push(node);
    this.#indices.set(node, this.#ids.length - 1);
    return this.#ids.length - 1;
  }
}
