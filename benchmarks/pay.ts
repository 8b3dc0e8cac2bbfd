/** Who earns the fees of exams and of service: what strategies bring, on real texts, with the protocol's own counting. */
import { defaultParameters } from '@market-of-experts/protocol';
import { spearman } from '@market-of-experts/simulation';
import { intervalByDocument, splitByDocument } from './exams/documents.ts';
import {
  chooseEdition,
  contributionsByDatum,
  marginsOf,
  serviceShares,
  shapleyOf,
  sharesOf,
  type Weights,
} from './exams/edition.ts';
import { drawExams } from './exams/exam-batches.ts';
import { openExamEncoders } from './exams/exam-encoders.ts';
import { loadExamTexts } from './exams/exam-texts.ts';
import { honest, type Player } from './exams/players.ts';
import { runRace } from './exams/race.ts';
import { halvesOf, payStrategies, type Strategy } from './exams/strategies.ts';
import { optionOf } from './scoring/options.ts';
import { progressBar } from './scoring/progress.ts';

const junk = ['random', 'constant'];
/** Share of the orders that are examined. */
const examined = defaultParameters.auditBps / 10_000;
/** What friends come to ask (docs/concepts/simulation.md). */
const askBps = 8_000;
/** Parts of which exact Shapley values are shown: the catalogue but for minilm-l3, and random vectors. */
const valued = [
  'minilm-l6',
  'minilm-l1',
  'minilm-l1-idf',
  'lexical',
  'use-lite',
  'static',
  'grams-1024',
  'random',
];

type Shares = ReadonlyMap<string, number>;

export async function run({ args }: { json: boolean; args: readonly string[] }): Promise<unknown> {
  const paragraphs = Number(optionOf(args, '--paragraphs') ?? 1_100);
  const rounds = Number(optionOf(args, '--rounds') ?? 1);
  const seeds = Number(optionOf(args, '--seeds') ?? 3);
  const paragraphsOf = loadExamTexts(paragraphs);
  const { texts, batches } = drawExams(paragraphsOf, rounds, 'pay');
  const encoders = await openExamEncoders(texts);
  const data = batches.flatMap((batch) => batch.data);
  const { tuning, reporting } = splitByDocument(data);
  const [margins, reportMargins] = [marginsOf(tuning), marginsOf(reporting)];
  const cast = encoders
    .map((encoder) => honest(encoder))
    .map((player): Player => (junk.includes(player.name) ? { ...player, calls: 'never' } : player));
  const byName = new Map(cast.map((player) => [player.name, player]));

  /** Shares of the fees of exams, mean over drawn markets. */
  const examShares = (players: readonly Player[], shardSize: number): Shares => {
    const shares = new Map(players.map(({ name }) => [name, 0]));
    for (let seed = 0; seed < seeds; seed += 1) {
      const parameters = { ...defaultParameters, shardSize };
      const race = runRace({ batches, players, parameters, seed: `pay/${seed}`, askBps });
      for (const [name, micro] of race.earnedMicro)
        shares.set(name, shares.get(name)! + Number(micro) / Number(race.feesMicro) / seeds);
    }
    return shares;
  };
  const named = (shares: ReadonlyMap<Player, number>): Shares =>
    new Map([...shares].map(([{ name }, share]) => [name, share]));

  const edition = chooseEdition(tuning, cast);
  const service = named(serviceShares(edition, reporting));
  const values = named(shapleyOf(edition, reporting));
  const all = named(shapleyOf(new Map(valued.map((name) => [byName.get(name)!, 1])), reporting));
  const exams = new Map([5, 3].map((shardSize) => [shardSize, examShares(cast, shardSize)]));
  const contributions = contributionsByDatum(edition, reporting).map((added, index) => ({
    added,
    documentId: reporting[index]!.text.documentId,
  }));
  const intervalOf = (player: Player): string => {
    const [low, high] = intervalByDocument(
      contributions,
      ({ documentId }) => documentId,
      (rows) =>
        sharesOf(
          edition,
          rows.map(({ added }) => added),
        ).get(player)!,
    );
    return `${percent(low)}–${percent(high)}`;
  };
  console.log(
    `${data.length} exams of ${paragraphsOf.length} paragraphs, ${encoders.length} experts of equal stake; edition chosen on every other document, ` +
      `loss ${margins.lossOf(edition).toFixed(4)} there, ${reportMargins.lossOf(edition).toFixed(4)} on the others ` +
      `(best alone ${Math.min(...cast.map((player) => reportMargins.lossOf(new Map([[player, 1]])))).toFixed(4)}), where it is paid.`,
  );
  const rows = [...cast]
    .map((player) => {
      const { name } = player;
      const earned = examined * exams.get(5)!.get(name)! + (1 - examined) * (service.get(name) ?? 0);
      return { player, name, earned };
    })
    .sort((a, b) => b.earned - a.earned);
  console.table(
    rows.map(({ player, name, earned }) => ({
      expert: name,
      loss: reportMargins.lossOf(new Map([[player, 1]])).toFixed(3),
      'weight, halves': edition.get(player) ?? 0,
      'exams, shards of 5': percent(exams.get(5)!.get(name)!),
      'of 3': percent(exams.get(3)!.get(name)!),
      service: percent(service.get(name) ?? 0),
      '95 %': edition.has(player) ? intervalOf(player) : '',
      'all fees': percent(earned),
      'Shapley in the edition': values.get(name)?.toFixed(4) ?? '',
      'of eight': all.get(name)?.toFixed(4) ?? '',
    })),
  );

  const strategies = await payStrategies({
    texts,
    batches,
    encoders: new Map(encoders.map((encoder) => [encoder.name, encoder])),
    cast: byName,
  });
  const tick = progressBar('strategies', strategies.length);
  const outcomes = strategies.map((strategy) => {
    const outcome = play(strategy);
    tick(1);
    return outcome;
  });
  console.log(
    `Strategies (exams in shards of 5; service as shares of it, “before” what those in whose place they play had):`,
  );
  console.table(
    outcomes.map(({ strategy, before, after, others, loss }) => ({
      strategy: strategy.name,
      'what it does': strategy.says,
      'exams before': percent(before.exams),
      'exams after': percent(after.exams),
      'service before': percent(before.service),
      'service after': percent(after.service),
      'least that another keeps': others === undefined ? '' : others.toFixed(2),
      'loss of the edition': loss.toFixed(4),
    })),
  );

  /** The edition with a strategy's names at the weight of those in whose place they come. */
  function inForce({ replaces, insteadOf, players }: Strategy): Weights | undefined {
    const left = [...edition].filter(([{ name }]) => !(replaces && insteadOf.includes(name)));
    if (left.length === edition.size) return edition;
    const weight = [...edition].reduce(
      (sum, [{ name }, steps]) => (insteadOf.includes(name) ? sum + steps : sum),
      0,
    );
    return new Map([
      ...left,
      ...players.map((player) => [player, Math.ceil(weight / players.length)] as const),
    ]);
  }

  function play(strategy: Strategy) {
    const left = cast.filter(({ name }) => !(strategy.replaces && strategy.insteadOf.includes(name)));
    const names = new Set(strategy.players.map(({ name }) => name));
    const players = [...left.filter(({ name }) => !names.has(name)), ...strategy.players];
    const chosen = strategy.forced?.(edition) ?? chooseEdition(tuning, players, inForce(strategy));
    const shares = named(serviceShares(chosen, reporting));
    const inExams = examShares(players, 5);
    const isOwn = (name: string): boolean => names.has(name) || strategy.insteadOf.includes(name);
    const kept = [...service]
      .filter(([name]) => !isOwn(name))
      .map(([name, share]) => (shares.get(name) ?? 0) / share);
    const sumOf = (of: Shares, isMeant: (name: string) => boolean): number =>
      [...of].reduce((sum, [name, share]) => (isMeant(name) ? sum + share : sum), 0);
    return {
      strategy,
      chosen,
      shares,
      before: {
        exams: sumOf(exams.get(5)!, (name) => strategy.insteadOf.includes(name)),
        service: sumOf(service, (name) => strategy.insteadOf.includes(name)),
      },
      after: { exams: sumOf(inExams, isOwn), service: sumOf(shares, isOwn) },
      others: kept.length === 0 ? undefined : Math.min(...kept),
      loss: reportMargins.lossOf(chosen),
    };
  }

  // Splitting and cloning at the edition's own weights, for each of its parts.
  const splits = [...edition.keys()].map((player) => {
    const encoder = encoders.find(({ name }) => name === player.name)!;
    const whole = serviceShares(edition, reporting).get(player)!;
    const pair = halvesOf(encoder).map((half) => honest(half));
    const halves = serviceShares(shared(edition, player, pair), reporting);
    const twins = [player, honest({ ...encoder, name: `clone of ${player.name}` })];
    const cloned = serviceShares(shared(edition, player, twins), reporting);
    const together = (of: ReadonlyMap<Player, number>, names: readonly Player[]): number =>
      names.reduce((sum, name) => sum + of.get(name)!, 0);
    return {
      name: player.name,
      whole,
      splitGain: together(halves, pair) / whole - 1,
      twinKeeps: cloned.get(player)! / whole,
      cloneTakesFromOthers: whole === 1 ? 0 : (together(cloned, twins) - whole) / (1 - whole),
    };
  });
  console.log(
    'Each part of the edition, in two halves of its axes, and beside a clone, at half its weight each:',
  );
  console.table(
    splits.map(({ name, whole, splitGain, twinKeeps, cloneTakesFromOthers }) => ({
      expert: name,
      service: percent(whole),
      'halves gain, of their share': percent(splitGain),
      'twin keeps': twinKeeps.toFixed(3),
      'clone takes of the others': percent(cloneTakesFromOthers),
    })),
  );

  const junkFeeShare = rows
    .filter(({ name }) => junk.includes(name))
    .reduce((sum, { earned }) => sum + earned, 0);
  const followed = rows.filter(({ name }) => all.has(name));
  const agreement = spearman(
    followed.map(({ earned }) => earned),
    followed.map(({ name }) => all.get(name)!),
  );
  const splitGain = Math.max(...splits.map((split) => split.splitGain));
  const cloneTakesFromOthers = Math.max(...splits.map((split) => split.cloneTakesFromOthers));
  const least = Math.min(
    ...outcomes.flatMap(({ strategy, others }) =>
      strategy.forced === undefined || others === undefined ? [] : [others],
    ),
    ...splits.map(({ twinKeeps }) => twinKeeps),
  );
  const bars = [
    {
      text: `random and constant earn ${percent(junkFeeShare)} of all fees, at most .2 %`,
      isMet: junkFeeShare <= 0.002,
    },
    {
      text: `earnings follow contribution: Spearman ${agreement.toFixed(3)}, at least .9`,
      isMet: agreement >= 0.9,
    },
    {
      text: `splitting raises a share by ${percent(splitGain)} of it, at most 5 %`,
      isMet: splitGain <= 0.05,
    },
    {
      text: `a clone takes ${percent(cloneTakesFromOthers)} of what others than its twin have, at most 1 %`,
      isMet: cloneTakesFromOthers <= 0.01,
    },
    {
      text: `whoever is beset by clones keeps ${least.toFixed(2)} of his share at least, more than 0`,
      isMet: least > 0,
    },
  ];
  for (const { text, isMet } of bars) console.log(`${isMet ? 'met   ' : 'MISSED'}  ${text}`);
  return {
    shards: [5, 3].map((n) => ({
      n,
      rows: rows.map(({ name }) => ({
        name,
        examShare: exams.get(n)!.get(name)!,
        serviceShare: service.get(name) ?? 0,
        feeShare: examined * exams.get(n)!.get(name)! + (1 - examined) * (service.get(name) ?? 0),
        shapley: all.get(name) ?? 0,
      })),
      junkFeeShare: junk.reduce((sum, name) => sum + examined * exams.get(n)!.get(name)!, 0),
      bars,
    })),
    strategies: outcomes.map(({ strategy, before, after, others, loss }) => ({
      name: strategy.name,
      before,
      after,
      leastKeptByOthers: others ?? null,
      editionLoss: loss,
    })),
    splitGain,
    cloneTakesFromOthers,
    spearman: agreement,
  };
}

/** The same edition with a part's weight shared by two. */
function shared(edition: Weights, part: Player, two: readonly Player[]): Weights {
  return new Map(
    [...edition].flatMap(([player, weight]): [Player, number][] =>
      player === part ? two.map((name) => [name, weight]) : [[player, 2 * weight]],
    ),
  );
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
