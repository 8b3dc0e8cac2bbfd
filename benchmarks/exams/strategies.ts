import { drawDistinct, drawStream } from '@market-of-experts/protocol';
import type { Weights } from './edition.ts';
import type { ExamBatch, ExamDatum } from './exam-batches.ts';
import { derived, type ExamEncoder, union } from './exam-encoders.ts';
import { payLiar } from './liar-players.ts';
import { noisy } from './noise.ts';
import { honest, type Player, productsOfEncoder, remembered } from './players.ts';

export interface PayWorld {
  readonly texts: readonly string[];
  readonly batches: readonly ExamBatch[];
  readonly encoders: ReadonlyMap<string, ExamEncoder>;
  /** The honest market, by name. */
  readonly cast: ReadonlyMap<string, Player>;
}

export interface Strategy {
  readonly name: string;
  /** What it does, in a few words. */
  readonly says: string;
  /** Names of the honest market in whose place it plays; it is compared with what they earn together. */
  readonly insteadOf: readonly string[];
  /** Whether those leave the market. */
  readonly replaces: boolean;
  readonly players: readonly Player[];
  /** Puts its names into the edition in force, instead of leaving that to the choice. */
  readonly forced?: (edition: Weights) => Weights;
}

const best = 'minilm-l6';
const cloneNoise = 0.2;

export async function payStrategies(world: PayWorld): Promise<Strategy[]> {
  const { encoders, cast, texts, batches } = world;
  const encoder = (name: string): ExamEncoder => encoders.get(name)!;
  const twin = cast.get(best)!;
  const clone = honest({ ...encoder(best), name: 'clone' });
  const [half, other] = halvesOf(encoder(best));
  const pair = [half, other].map((encoder) => ({ ...honest(encoder, best), stake: 3 }));
  const noisyClones = await Promise.all(
    [1, 2, 3].map(async (number) =>
      honest(await noisy(`noisy clone ${number}`, encoder(best), cloneNoise, texts)),
    ),
  );
  const many = union(
    'everything',
    ['minilm-l6', 'lexical', 'static', 'grams-1024'].map((name) => ({
      encoder: encoder(name),
      weight: name === best ? 2 : 1,
    })),
  );
  const both = union('minilm-l6 with lexical', [
    { encoder: encoder(best), weight: 2 },
    { encoder: encoder('lexical'), weight: 1 },
  ]);
  const specialist = honest(onlyFor(batches, 'code', many));
  return [
    alone('clone of the best', 'the same vectors under another owner', [best], [clone]),
    {
      ...alone(
        'clone in the edition',
        'the same, forced in beside its twin at half the weight each',
        [best],
        [clone],
      ),
      forced: (edition) => spread(edition, twin, [twin, clone]),
    },
    alone(
      'three noisy clones',
      'one owner’s, with a fifth of noise and one stake',
      [best],
      noisyClones.map((player) => ({ ...player, owner: 'cloner', stake: 2 })),
    ),
    {
      ...alone('seven clones in the edition', 'as many as there is room for', [best], []),
      forced: (edition) =>
        spread(edition, twin, [
          twin,
          ...Array.from({ length: 8 - edition.size }, (_, index) => ({ ...clone, name: `clone ${index}` })),
        ]),
    },
    replacing('best in two halves', 'its axes and stake under two names', [best], pair),
    {
      ...replacing(
        'two halves in the edition',
        'the same, forced in at the weight of the whole',
        [best],
        pair,
      ),
      forced: (edition) => spread(edition, twin, pair),
    },
    replacing('union of two', 'minilm-l6 and lexical as one', [best, 'lexical'], [honest(both)]),
    replacing('generalist', 'four models as one', [best, 'lexical', 'static', 'grams-1024'], [honest(many)]),
    alone('specialist', 'four models as one for code, nothing for other kinds', [], [specialist]),
    replacing(
      'withholding',
      'the best stays away from the quarter that it is least sure of',
      [best],
      [withholding(encoder(best), batches)],
    ),
    replacing('lexical outsider', 'hashed n-grams, no model', ['lexical'], [cast.get('lexical')!]),
    alone(
      'broker',
      'no model: always calls a friend',
      [],
      [{ ...cast.get('constant')!, name: 'broker', owner: 'broker', calls: 'always' }],
    ),
    replacing(
      'liar without memory',
      'pulls pieces of the second list together',
      [best],
      [payLiar('liar', encoder(best), many, batches, false)],
    ),
    replacing(
      'liar with memory',
      'pulls pieces towards the kept parts of the first list',
      [best],
      [payLiar('remembering liar', encoder(best), many, batches, true)],
    ),
  ];
}

const alone = (
  name: string,
  says: string,
  insteadOf: readonly string[],
  players: readonly Player[],
): Strategy => ({
  name,
  says,
  insteadOf,
  replaces: false,
  players,
});
const replacing = (...args: Parameters<typeof alone>): Strategy => ({ ...alone(...args), replaces: true });

/** All weights times as many as there are names, so that each name can have its part of the victim's weight. */
function spread(edition: Weights, victim: Player, names: readonly Player[]): Weights {
  const weight = edition.get(victim)!;
  const others = [...edition].filter(([player]) => player !== victim);
  return new Map([
    ...others.map(([player, steps]) => [player, steps * names.length] as const),
    ...names.map((player) => [player, weight] as const),
  ]);
}

export function halvesOf(encoder: ExamEncoder): readonly [ExamEncoder, ExamEncoder] {
  const axes = encoder.vectors[0]!.length;
  const first = new Set(drawDistinct(drawStream('halves', encoder.name), axes, axes >> 1));
  const of = (name: string, isOwn: (axis: number) => boolean): ExamEncoder =>
    derived(name, encoder, (vector) => vector.map((value, axis) => (isOwn(axis) ? value : 0)));
  return [
    of(`${encoder.name}, a half`, (axis) => first.has(axis)),
    of(`${encoder.name}, the other half`, (axis) => !first.has(axis)),
  ];
}

function onlyFor(batches: readonly ExamBatch[], kind: string, encoder: ExamEncoder): ExamEncoder {
  const known = new Set(
    batches.flatMap(({ data }) =>
      data.flatMap(({ text, kept, own }) => (text.kind === kind ? [kept, ...own] : [])),
    ),
  );
  return {
    name: 'specialist',
    vectors: encoder.vectors.map((vector, place) =>
      known.has(place) ? vector : new Int16Array(vector.length),
    ),
  };
}

/** Stays away where the nearest entries stand out least from the others. */
function withholding(encoder: ExamEncoder, batches: readonly ExamBatch[]): Player {
  const confidence = (datum: ExamDatum): number => {
    const { own, others } = productsOfEncoder(encoder, datum);
    const all = [...own, ...others].sort((a, b) => b - a);
    return all[0]! - all.reduce((sum, value) => sum + value, 0) / all.length;
  };
  const each = batches.flatMap(({ data }) => data.map(confidence)).sort((a, b) => a - b);
  const limit = each[Math.floor(each.length / 4)]!;
  return {
    name: 'withholding',
    owner: 'withholding',
    products: remembered((datum) =>
      confidence(datum) < limit ? undefined : productsOfEncoder(encoder, datum),
    ),
  };
}
