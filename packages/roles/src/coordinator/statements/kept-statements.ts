import type { Hash, NodeId } from '@market-of-experts/core';
import { differ, type ShownStatement, showStatement, toleranceMillionths } from '@market-of-experts/protocol';
import type { StatedList } from './stated-list.ts';

/** Two statements of one text that contradict one another, the earlier first. */
export interface FoundContradiction {
  readonly statements: readonly [ShownStatement, ShownStatement];
  /** Whether both were asked of texts that everybody may see: evidence shows vectors, by which a like model can compare guesses. */
  readonly mayBeShown: boolean;
}

/** What experts have stated to this node, by node, version and text hash, to be held against what they state later. */
export interface KeptStatements {
  /** Takes a checked list. Undefined where nothing contradicts it; then it is kept. */
  take(list: StatedList, mayBeShown: boolean): FoundContradiction | undefined;
}

export interface KeepingLimits {
  /** Statements, of texts that may be shown, and apart from them as many of others. */
  readonly statements: number;
  /** Of their vectors, likewise. */
  readonly bytes: number;
}

const usualLimits: KeepingLimits = { statements: 16_384, bytes: 32 * 1024 * 1024 };

interface Place {
  readonly shelf: Shelf;
  readonly list: StatedList;
  readonly index: number;
}

/** Lists of one kind, the oldest first: they go as a whole. */
class Shelf {
  readonly lists = new Set<StatedList>();
  statements = 0;
  bytes = 0;

  add(list: StatedList, sign: 1 | -1): void {
    if (sign === 1) this.lists.add(list);
    else this.lists.delete(list);
    this.statements += sign * list.answers.length;
    this.bytes += sign * list.answers.reduce((sum, { vector }) => sum + vector.length, 0);
  }
}

/** The newest are kept, those that may be shown apart from the others: no client's texts push out what could be evidence. */
export function keptStatements(limits: KeepingLimits = usualLimits): KeptStatements {
  const shown = new Shelf();
  const hidden = new Shelf();
  const places = new Map<string, Place>();
  const keysOf = ({ body: { node, version }, answers }: StatedList): string[] =>
    answers.map(({ text }) => keyOf(node, version, text));

  const dropOld = (shelf: Shelf): void => {
    for (const list of shelf.lists) {
      if (shelf.statements <= limits.statements && shelf.bytes <= limits.bytes) return;
      shelf.add(list, -1);
      for (const key of keysOf(list)) if (places.get(key)?.list === list) places.delete(key);
    }
  };

  return {
    take(list, mayBeShown) {
      const tolerance = toleranceMillionths(list.version.runtime);
      const shelf = mayBeShown ? shown : hidden;
      const keys = keysOf(list);
      /** Within the list, too, a text may be there twice. */
      const own = new Map<string, Place>();
      for (const [index, key] of keys.entries()) {
        const before = own.get(key) ?? places.get(key);
        if (before !== undefined && differ(vectorAt(before), list.answers[index]!.vector, tolerance))
          return {
            statements: [shownAt(before), shownAt({ shelf, list, index })],
            mayBeShown: mayBeShown && before.shelf === shown,
          };
        own.set(key, { shelf, list, index });
      }
      shelf.add(list, 1);
      // What could be shown stays where the same text is asked by somebody whose texts may not be.
      for (const [key, place] of own)
        if (mayBeShown || places.get(key)?.shelf !== shown) places.set(key, place);
      dropOld(shelf);
      return undefined;
    },
  };
}

const vectorAt = ({ list, index }: Place): Uint8Array => list.answers[index]!.vector;
const shownAt = ({ list, index }: Place): ShownStatement => showStatement(list, list.answers, index);

function keyOf(node: NodeId, version: Hash, text: Hash): string {
  return `${node}/${version}/${text}`;
}
