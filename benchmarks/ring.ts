/** What does a ring of experts earn that call one another alone, and what happens to what is delivered? */
import { defaultParameters } from '@market-of-experts/protocol';
import { splitByDocument } from './exams/documents.ts';
import { chooseEdition, marginsOf, serviceShares, type Weights } from './exams/edition.ts';
import { drawExams } from './exams/exam-batches.ts';
import { openExamEncoders } from './exams/exam-encoders.ts';
import { loadExamTexts } from './exams/exam-texts.ts';
import { noisy } from './exams/noise.ts';
import { honest, type Player } from './exams/players.ts';
import { type RaceResult, runRace } from './exams/race.ts';
import { optionOf } from './scoring/options.ts';
import { progressBar } from './scoring/progress.ts';

/** Models of which there are four experts each, with noise of their own. */
const models = ['minilm-l6', 'grams-1024', 'lexical', 'use-lite', 'static'];
const expertsOfModel = 4;
const noise = 0.3;
const stakes = [0.1, 0.2, 0.3];
const barIncome = 1.05;
const askBps = 8_000;
const examined = defaultParameters.auditBps / 10_000;

interface Played {
  readonly income: ReadonlyMap<string, number>;
  readonly winnersLoss: number;
  readonly editionLoss: number;
}

export async function run({ args }: { json: boolean; args: readonly string[] }): Promise<unknown> {
  const paragraphs = Number(optionOf(args, '--paragraphs') ?? 1_100);
  const seeds = Number(optionOf(args, '--seeds') ?? 10);
  const { texts, batches } = drawExams(loadExamTexts(paragraphs), 1, 'pay');
  const encoders = (await openExamEncoders(texts)).filter(({ name }) => models.includes(name));
  const cast: Player[] = [];
  for (let number = 0; number < expertsOfModel; number += 1)
    for (const name of models) {
      const encoder = encoders.find((each) => each.name === name)!;
      cast.push(honest(await noisy(`${name} ${number}`, encoder, noise, texts)));
    }
  const { tuning, reporting } = splitByDocument(batches.flatMap(({ data }) => data));
  const margins = marginsOf(reporting);
  const editionOf = (players: readonly Player[]): Weights => chooseEdition(tuning, players);
  const tick = progressBar('markets', seeds * (stakes.length + 1));
  const play = (players: readonly Player[]): Played => {
    const edition = editionOf(players);
    const service = serviceShares(edition, reporting);
    const races = Array.from({ length: seeds }, (_, seed): RaceResult => {
      tick(1);
      return runRace({ batches, players, parameters: defaultParameters, seed: `ring/${seed}`, askBps });
    });
    const income = players.map((player): [string, number] => {
      const exams =
        races.reduce(
          (sum, { earnedMicro, feesMicro }) =>
            sum + Number(earnedMicro.get(player.name)!) / Number(feesMicro),
          0,
        ) / seeds;
      return [player.name, examined * exams + (1 - examined) * (service.get(player) ?? 0)];
    });
    return {
      income: new Map(income),
      winnersLoss: races.reduce((sum, { winnersLoss }) => sum + winnersLoss, 0) / seeds,
      editionLoss: margins.lossOf(edition),
    };
  };
  const before = play(cast);
  const rows = stakes.map((ringStake) => {
    // Of each model in turn, from the end.
    const ring = new Set(cast.slice(-Math.round(ringStake * cast.length)).map(({ name }) => name));
    const after = play(cast.map((player) => (ring.has(player.name) ? { ...player, ring: 'ring' } : player)));
    const of = ({ income }: Played): number => [...ring].reduce((sum, name) => sum + income.get(name)!, 0);
    return {
      ringStake,
      members: ring.size,
      ringIncomeRatio: of(after) / of(before),
      winnersChange: after.winnersLoss - before.winnersLoss,
      qualityChange: after.editionLoss - before.editionLoss,
    };
  });
  console.log(
    `${cast.length} experts, ${seeds} markets of ${batches.length} batches; loss of the edition ${before.editionLoss.toFixed(4)}, of the winners ${before.winnersLoss.toFixed(4)}.`,
  );
  console.table(
    rows.map(({ ringStake, members, ringIncomeRatio, winnersChange, qualityChange }) => ({
      'ring’s stake': ringStake,
      members,
      'income, of what the same earn as honest': ringIncomeRatio.toFixed(3),
      'loss of the winners': winnersChange.toFixed(4),
      'loss of the edition': qualityChange.toFixed(4),
    })),
  );
  const most = Math.max(...rows.map(({ ringIncomeRatio }) => ringIncomeRatio));
  const worse = Math.max(...rows.map(({ qualityChange }) => qualityChange));
  const bars = [
    {
      text: `a ring earns ${most.toFixed(3)} of what its members earn as honest, at most ${barIncome}`,
      isMet: most <= barIncome,
    },
    { text: `what is delivered gets worse by ${worse.toFixed(4)} of loss, at most 0`, isMet: worse <= 0 },
  ];
  for (const { text, isMet } of bars) console.log(`${isMet ? 'met   ' : 'MISSED'}  ${text}`);
  return {
    rows: rows.map(({ ringStake, ringIncomeRatio, qualityChange }) => ({
      ringStake,
      ringIncomeRatio,
      qualityChange,
    })),
    bars,
  };
}
