import { readFileSync } from 'node:fs';
import { type Hash, hashBytes, MoeError, messageOf, textOf } from '@market-of-experts/core';
import { z } from 'zod';

/** A public text from which distractors are drawn (docs/concepts/loss.md). */
export interface CalibrationPiece {
  readonly index: number;
  /** Pieces of the same document are never distractors for one another. */
  readonly document: string;
  readonly kind: string;
  readonly text: string;
}

const pieceSchema = z.object({ kind: z.string(), document: z.string(), text: z.string().min(1).max(1024) });
const path = new URL('../data/calibration.jsonl', import.meta.url);

/**
 * The shipped calibration set: 4,096 pieces, its kinds in turn, so that every prefix is balanced. `hash` is the
 * SHA-256 of the file: experts that publish vectors of it name the hash. Throws `calibration-invalid`.
 */
export function loadCalibrationSet(): { readonly pieces: readonly CalibrationPiece[]; readonly hash: Hash } {
  try {
    const bytes = readFileSync(path);
    const lines = textOf(bytes).split('\n');
    const pieces = lines
      .filter((line) => line !== '')
      .map((line, index) => ({ index, ...pieceSchema.parse(JSON.parse(line)) }));
    return { pieces, hash: hashBytes(bytes) };
  } catch (cause) {
    throw new MoeError(
      'calibration-invalid',
      `The calibration set cannot be read: ${messageOf(cause)}. Restore ${path.pathname} from the repository.`,
      { cause },
    );
  }
}

/** The pieces alone, in order. */
export function loadCalibrationPieces(): readonly CalibrationPiece[] {
  return loadCalibrationSet().pieces;
}
