import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { hashBytes, hashSchema, textOf } from '@market-of-experts/core';
import { z } from 'zod';

/** Raise this when the training changes, so that specialists of older versions are trained again. */
export const trainingVersion = 2;

const manifestSchema = z.object({
  version: z.literal(trainingVersion),
  name: z.string(),
  base: z.string(),
  dimensions: z.int().min(1),
  /** Of the texts and how they were cut. */
  corpusHash: hashSchema,
  seed: z.int(),
  steps: z.int().min(0),
  texts: z.int().min(0),
  heldOutTexts: z.int().min(0),
  heldOutLossBefore: z.number(),
  heldOutLossAfter: z.number(),
  /** SHA-256 of the weight file. */
  weightsHash: hashSchema,
});

/** What a weight file was trained on, and what came of it. */
export type SpecialistManifest = z.infer<typeof manifestSchema>;
/** What must be the same for stored weights to be used again. */
export type SpecialistRecipe = Pick<
  SpecialistManifest,
  'name' | 'base' | 'dimensions' | 'corpusHash' | 'seed' | 'steps'
>;

/** The manifest beside a weight file if both are whole and of this recipe; undefined when one must train again. */
export function readManifest(
  manifestFile: string,
  weightsFile: string,
  recipe: SpecialistRecipe,
): SpecialistManifest | undefined {
  try {
    const manifest = manifestSchema.parse(JSON.parse(textOf(readFileSync(manifestFile))));
    const isSame = Object.entries(recipe).every(
      ([key, value]) => manifest[key as keyof SpecialistRecipe] === value,
    );
    return isSame && hashBytes(readFileSync(weightsFile)) === manifest.weightsHash ? manifest : undefined;
  } catch {
    // Absent, cut short, damaged or of another version: it is trained again.
    return undefined;
  }
}

/** Written beside its place and renamed into it, after the weights: with it the training counts. */
export function writeManifest(manifestFile: string, manifest: SpecialistManifest): void {
  const temporary = `${manifestFile}.${randomUUID()}.tmp`;
  try {
    const file = openSync(temporary, 'w', 0o644);
    try {
      writeSync(file, `${JSON.stringify(manifest, undefined, 2)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, manifestFile);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
