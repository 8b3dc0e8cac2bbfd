import type { TextKind } from '../corpora/corpus.ts';

/** A kind of text that a specialist is trained for. */
export interface SpecialistDomain {
  /** Name of the expert, e.g. `specialist-german`. */
  readonly name: string;
  readonly kind: TextKind;
  /**
   * Related kinds that are trained on too, less: what all of them share is learnt from more varied texts, and the
   * specialist does better on ordinary texts of its own kind (measured: German sample texts .32 to .25).
   */
  readonly kin: readonly TextKind[];
  /** One line for people. */
  readonly description: string;
}

const western: readonly TextKind[] = ['german', 'french', 'spanish'];
const kinOf = (kind: TextKind): TextKind[] => western.filter((each) => each !== kind);

const domains: readonly SpecialistDomain[] = [
  { name: 'specialist-german', kind: 'german', kin: kinOf('german'), description: 'German text' },
  { name: 'specialist-japanese', kind: 'japanese', kin: [], description: 'Japanese text' },
  {
    name: 'specialist-code',
    kind: 'code',
    kin: [],
    description: 'JavaScript and TypeScript with doc comments',
  },
  { name: 'specialist-russian', kind: 'russian', kin: [], description: 'Russian text' },
  { name: 'specialist-french', kind: 'french', kin: kinOf('french'), description: 'French text' },
  { name: 'specialist-spanish', kind: 'spanish', kin: kinOf('spanish'), description: 'Spanish text' },
  {
    name: 'specialist-geography',
    kind: 'geography',
    kin: [],
    description: 'Countries, their land, people and economy',
  },
  { name: 'specialist-speeches', kind: 'speeches', kin: [], description: 'Political speeches in English' },
];

/** All domains, in the order in which they are worth training. */
export function specialistDomains(): readonly SpecialistDomain[] {
  return domains;
}
