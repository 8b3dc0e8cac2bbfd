import type { Cast } from './cast.ts';
import { probationEpochs, swingOf, type World } from './world.ts';

/** What a cabal validator knows when it commits its weights at the end of an epoch. */
interface Sight {
  readonly cast: Cast;
  readonly epoch: number;
  /** Epochs since the cabal began; before, everybody is honest. */
  readonly attackEpoch: number;
  /** What this validator measured, and would commit if it were honest. */
  readonly measured: Float64Array;
  /** The weight that the ranking gave each expert: by the last revealed weights, or by those of this epoch where they are open. */
  readonly consensus: readonly number[];
  /** What it committed last. */
  readonly before: Float64Array | undefined;
  /** Epoch in which each expert took its slot. */
  readonly registered: readonly number[];
}

/** Weights to commit, in any scale; undefined: none, so that the last ones stay. */
export type Weigh = (sight: Sight) => Float64Array | undefined;

export interface Strategy {
  readonly name: string;
  /** What the cabal does, in a sentence. */
  readonly says: string;
  readonly weigh: Weigh;
  readonly world?: Partial<World>;
  /** What the same cabal would get in which world if it weighed honestly; default: `world`. */
  readonly fairWorld?: Partial<World>;
  /** The same with a rule of ours switched off, to show what the rule is worth. */
  readonly isYardstick?: true;
}

const honest: Weigh = ({ measured }) => measured;
const own = (factor: number, others: number): Weigh => scaled((isCabal) => (isCabal ? factor : others));
const selfDealing = own(1, 0);

/** What a weight copier sends. */
export const copying: Weigh = ({ consensus }) => Float64Array.from(consensus);

export const strategies: readonly Strategy[] = [
  { name: 'honest', says: 'Measures and weighs as everybody.', weigh: honest },
  { name: 'self-dealing', says: 'All weight on its own experts.', weigh: selfDealing },
  {
    name: 'self-dealing, junk',
    says: 'All weight on its own experts, which are worth nothing.',
    weigh: ({ cast }) => Float64Array.from(cast.isCabalExpert, Number),
    world: { junk: true },
  },
  {
    name: 'self-dealing at the consensus',
    says: 'Last consensus, with its own experts a tenth higher: as little as possible is clipped.',
    weigh: (sight) => scaled((isCabal) => (isCabal ? 1.1 : 1))({ ...sight, measured: copying(sight)! }),
  },
  { name: 'nudging', says: 'What it measured, with its own experts 30 % higher.', weigh: own(1.3, 1) },
  { name: 'low-weighting', says: 'Half of what it measured for honest experts.', weigh: own(1, 0.5) },
  {
    name: 'boycott of the best',
    says: 'Nothing for the best quarter of the honest experts.',
    weigh: (sight) => boycott(sight),
  },
  { name: 'weight copying', says: 'The consensus of the last revealed weights.', weigh: copying },
  {
    name: 'weight copying, open weights',
    says: 'The same without commit–reveal: it sees the weights of the epoch before it sets its own.',
    weigh: copying,
    world: { revealDelay: 0 },
    isYardstick: true,
  },
  {
    name: 'first on new experts',
    says: 'Twice the mean weight for every newcomer before anybody has measured it, to hold its bonds first.',
    weigh: (sight) => firstOnNew(sight),
    world: { turnoverEvery: 1 },
  },
  {
    name: 'insider bonds',
    says: 'Its experts rise and fall by a timetable; its validators move their weights three epochs ahead.',
    weigh: (sight) => insider(sight),
    world: { swings: true },
  },
  {
    name: 'bonds, then self-dealing',
    says: 'Nine honest epochs, then one of self-dealing on the bonds that it has earned.',
    weigh: (sight) => (sight.attackEpoch % 10 === 9 ? selfDealing : honest)(sight),
  },
  {
    name: 'slot takeover',
    says: 'In every epoch worthless experts take the slots of five honest ones, to inherit their weights and bonds.',
    weigh: honest,
    world: { slotsTaken: 5, takersAreCabal: true },
    fairWorld: { slotsTaken: 5 },
  },
  {
    name: 'slot takeover, unmasked',
    says: 'The same where the ranking does not mask what was given to a former holder.',
    weigh: honest,
    world: { slotsTaken: 5, takersAreCabal: true, masksNewcomers: false },
    fairWorld: { slotsTaken: 5 },
    isYardstick: true,
  },
  {
    name: 'Sybil split',
    says: 'Every validator and expert of the cabal as three with a third of the stake; honest weights.',
    weigh: honest,
    world: { splits: 3 },
    fairWorld: {},
  },
  {
    name: 'Sybil split, self-dealing',
    says: 'Three of each, and all weight on its own.',
    weigh: selfDealing,
    world: { splits: 3 },
    fairWorld: {},
  },
  {
    name: 'Sybil split, weights by quality',
    says: 'Three of each, where validators weigh how good answers are and not how much a node wins.',
    weigh: honest,
    world: { splits: 3, weighsWins: false },
    fairWorld: {},
    isYardstick: true,
  },
  {
    name: 'stake in and out',
    says: 'Its stake comes just before the end of every epoch and goes just after.',
    weigh: honest,
    world: { dashes: true },
    fairWorld: {},
  },
  {
    name: 'stake in and out, stake now',
    says: 'The same where the ranking takes the stake that it finds.',
    weigh: honest,
    world: { dashes: true, ranksLeastStake: false },
    fairWorld: {},
    isYardstick: true,
  },
  {
    name: 'weights set once',
    says: 'Honest weights once, then none.',
    weigh: ({ attackEpoch, measured }) => (attackEpoch === 0 ? measured : undefined),
  },
  {
    name: 'weights set once, sent again',
    says: 'Honest weights once, then the same again in every epoch.',
    weigh: ({ attackEpoch, measured, before }) => (attackEpoch === 0 ? measured : before),
  },
];

/** `measured`, each side times its factor. */
function scaled(factorOf: (isCabal: boolean) => number): Weigh {
  return ({ cast, measured }) =>
    measured.map((weight, expert) => weight * factorOf(cast.isCabalExpert[expert]!));
}

function boycott({ cast, measured }: Sight): Float64Array {
  const others = [...measured].filter((_, expert) => !cast.isCabalExpert[expert]).sort((a, b) => b - a);
  const bar = others[Math.floor(others.length / 4)] ?? Infinity;
  return measured.map((weight, expert) => (!cast.isCabalExpert[expert] && weight > bar ? 0 : weight));
}

function firstOnNew({ cast, epoch, measured, registered }: Sight): Float64Array {
  const mean = measured.reduce((sum, weight) => sum + weight, 0) / cast.experts;
  return measured.map((weight, expert) => (isNew(registered[expert]!, epoch) ? 2 * mean : weight));
}

function insider({ cast, epoch, measured }: Sight): Float64Array {
  return measured.map((weight, expert) => {
    if (!cast.isCabalExpert[expert]) return weight;
    const model = cast.modelOf[expert]!;
    return (weight * swingOf(model, epoch + 3)) / swingOf(model, epoch);
  });
}

/** Whether honest validators do not know an expert yet. */
export function isNew(registeredEpoch: number, epoch: number): boolean {
  return registeredEpoch > 0 && epoch - registeredEpoch < probationEpochs;
}
