/** What do members gain who make their vectors up, and when are they found? */
import { defaultParameters, drawStream, examLoss, toNumber } from '@market-of-experts/protocol';
import { falseAlarms, pairsUntilFound } from './exams/audit-play.ts';
import { intervalByDocument, splitByDocument } from './exams/documents.ts';
import { drawExams, type ExamBatch, type ExamDatum } from './exams/exam-batches.ts';
import { type ExamEncoder, openExamEncoders, union } from './exams/exam-encoders.ts';
import { loadExamTexts } from './exams/exam-texts.ts';
import { freeLiar, liar, matchingTemperature, pulledTogether, pulledToKept } from './exams/liar-players.ts';
import { cosine, jointMatching, type Matrix, similarities } from './exams/matching.ts';
import { honest, type Player } from './exams/players.ts';
import { shallowLikeness } from './exams/shallow.ts';
import { optionOf } from './scoring/options.ts';

const own = 'minilm-l6';
const weaker = 'minilm-l1';
/** The best matcher that anybody can build of public models, with weights in halves. */
const matcherParts = { 'minilm-l6': 2, 'grams-1024': 2, lexical: 1, 'use-lite': 1 };
const barGain = 0.02;
const barAlarms = 1e-4;
/** Pull at which 1 − cosine is 10⁻⁵. */
const tolerated = Math.sqrt(1 / (1 - 1e-5) ** 2 - 1);
const pulls = [0.1, 0.35, 1];
/** Share of exams that are audits; two texts make a pair. */
const audited = 0.1;
const requestsPerPair = 1 / ((defaultParameters.auditBps / 10_000) * audited);
/** Entries of an exam for each of its texts, and the share of them that were answered before. */
const entriesPerText = 5;
const repeated = 0.05;
const repeatsPerRequest = (defaultParameters.auditBps / 10_000) * entriesPerText * repeated;

interface Liar {
  readonly name: string;
  /** What it says in exams. */
  readonly exam: Player;
  /** What it says where pieces and kept parts come as served requests, days apart. */
  readonly apart: Player;
  /** Its losses in one list, where they are others than in two. */
  readonly oneList: Player;
}

export async function run({ args }: { json: boolean; args: readonly string[] }): Promise<unknown> {
  const paragraphs = Number(optionOf(args, '--paragraphs') ?? 1_100);
  const trials = Number(optionOf(args, '--trials') ?? 40);
  const { texts, batches } = drawExams(loadExamTexts(paragraphs), 1, 'pay');
  const encoders = new Map((await openExamEncoders(texts)).map((encoder) => [encoder.name, encoder]));
  const { tuning, reporting } = splitByDocument(batches.flatMap(({ data }) => data));
  const model = encoders.get(own)!;
  const matcher = union(
    'matcher',
    Object.entries(matcherParts).map(([name, weight]) => ({ encoder: encoders.get(name)!, weight })),
  );
  const straight = honest(model);
  const fellows = ['lexical', 'grams-1024', 'use-lite', 'static'].map((name) => honest(encoders.get(name)!));
  const lossOf = (player: Player, data: readonly ExamDatum[]): number =>
    data.reduce((sum, datum) => sum + toNumber(examLoss(player.products(datum)!)), 0) / data.length;
  const best = (players: readonly Player[]): Player =>
    players.map((player) => ({ player, loss: lossOf(player, tuning) })).sort((a, b) => a.loss - b.loss)[0]!
      .player;

  const matched = (batch: ExamBatch): Matrix =>
    jointMatching(similarities(matcher, batch), matchingTemperature);
  const likeness = shallowLikeness(texts, tuning);
  const shallow = (batch: ExamBatch): Matrix =>
    batch.first.map((kept) => batch.second.map((piece) => likeness(kept, piece)));
  const pulledBy = (pull: number): Player =>
    liar(`pull ${pull}`, model, batches, (batch) => pulledToKept(model, batch, matched(batch), pull));
  const joint = best(
    [0.5, 1, 2].map((times) =>
      freeLiar('joint matching', batches, (batch) =>
        jointMatching(similarities(matcher, batch), times * matchingTemperature),
      ),
    ),
  );
  const together = best(
    pulls.map((pull) =>
      liar('pieces together', model, batches, (batch) =>
        pulledTogether(model, matcher, batch, matchingTemperature, pull),
      ),
    ),
  );
  const inOwnSpace = best(pulls.map(pulledBy));
  const remembering = everyListRemembered(batches, matcher);
  const form = freeLiar('form alone', batches, shallow);
  const jigsaw = best(
    [0.2, 0.5, 1].map((weight) =>
      freeLiar('matching and form', batches, (batch) => {
        const forms = shallow(batch);
        const scores = similarities(matcher, batch).map((row, kept) =>
          row.map((score, piece) => score + weight * matchingTemperature * forms[kept]![piece]!),
        );
        return jointMatching(scores, matchingTemperature);
      }),
    ),
  );
  const liars: Liar[] = [
    {
      name: 'two lists, without memory: pieces pulled together',
      exam: together,
      apart: straight,
      oneList: joint,
    },
    { name: 'remembers the first list: joint matching', exam: joint, apart: straight, oneList: joint },
    { name: 'the same in its own 384 numbers', exam: inOwnSpace, apart: straight, oneList: inOwnSpace },
    {
      name: 'the same within 1 − cosine ≤ 10⁻⁵',
      exam: pulledBy(tolerated),
      apart: straight,
      oneList: pulledBy(tolerated),
    },
    { name: 'joint matching and the form of texts', exam: jigsaw, apart: straight, oneList: jigsaw },
    { name: 'the form of texts alone', exam: form, apart: form, oneList: form },
    { name: 'remembers every list, also in service', exam: joint, apart: remembering, oneList: joint },
    {
      name: `${own} in exams, ${weaker} in service`,
      exam: straight,
      apart: honest(encoders.get(weaker)!),
      oneList: straight,
    },
  ];
  console.log(
    `${reporting.length} exams to report on; ${own} alone ${lossOf(straight, reporting).toFixed(4)}, the matcher used honestly ${lossOf(honest(matcher), reporting).toFixed(4)}.`,
  );
  const rows = liars.map(({ name, exam, apart, oneList }) => {
    // Who is better in exams than in service gains over what it serves with.
    const reference = exam === straight ? apart : straight;
    const lossFor = (player: Player, datum: ExamDatum): number => toNumber(examLoss(player.products(datum)!));
    const gains = reporting.map((datum) => ({
      documentId: datum.text.documentId,
      gain: lossFor(reference, datum) - lossFor(exam, datum),
    }));
    const meanGain = (of: readonly { gain: number }[]): number =>
      of.reduce((sum, row) => sum + row.gain, 0) / of.length;
    const [low, high] = intervalByDocument(gains, ({ documentId }) => documentId, meanGain);
    const audit = (bent: Player, unbent: Player) => ({ bent, straight: unbent, fellows, data: reporting });
    const inOneList = exam === oneList ? undefined : pairsUntilFound(audit(oneList, exam), trials);
    const days = exam === apart ? undefined : pairsUntilFound(audit(exam, apart), trials);
    const firstRepeat = exam === apart ? undefined : requestsToRepeat(exam, straight, reporting);
    const pairs = Math.min(inOneList ?? Number.POSITIVE_INFINITY, days ?? Number.POSITIVE_INFINITY);
    return {
      name,
      gain: meanGain(gains),
      low,
      high,
      inOneList,
      days,
      firstRepeat,
      foundAfter: Number.isFinite(pairs) ? Math.round(pairs * requestsPerPair) : null,
    };
  });
  console.table(
    rows.map(({ name, gain, low, high, inOneList, days, firstRepeat, foundAfter }) => ({
      liar: name,
      'gain in loss': gain.toFixed(4),
      '95 %': `${low.toFixed(4)}–${high.toFixed(4)}`,
      'without a cache: requests to a repeat': firstRepeat ?? 'never',
      'one list against two: pairs': inOneList ?? 'never',
      'days apart: pairs': days ?? 'never',
      'with a cache: requests': foundAfter ?? 'never',
    })),
  );
  const drift = driftFoundAfter(0.0045);
  const alarms = [straight, ...fellows].map((player) =>
    falseAlarms(
      player,
      fellows.filter((fellow) => fellow.name !== player.name),
      reporting,
      2_000,
    ),
  );
  const falseAlarmsPerDay = Math.max(...alarms);
  const worst = Math.max(...rows.map(({ gain }) => gain));
  console.log(
    `A server whose vectors turn by .0045 (1 − cosine 10⁻⁵) in 10,000 requests is contradicted by a repeat after ${drift} requests.`,
  );
  const bars = [
    {
      text: `the most that a liar gains before it is found is ${worst.toFixed(3)}, at most ${barGain}`,
      isMet: worst <= barGain,
    },
    {
      text: `all are found but who gains nothing`,
      isMet: rows.every(({ foundAfter, low }) => foundAfter !== null || low <= 0.005),
    },
    {
      text: `honest servers: ${falseAlarmsPerDay} alarms a look, one look a day, at z > 4 over all pairs; at most 10⁻⁴`,
      isMet: falseAlarmsPerDay <= barAlarms,
    },
  ];
  for (const { text, isMet } of bars) console.log(`${isMet ? 'met   ' : 'MISSED'}  ${text}`);
  return {
    rows: [
      ...rows.map(({ name, gain, foundAfter, firstRepeat }) => ({
        liar: name,
        gain,
        foundAfter,
        foundAfterWithoutCache: firstRepeat ?? null,
      })),
      { liar: 'drifting server', gain: 0, foundAfter: drift },
    ],
    falseAlarmsPerDay,
    bars,
  };
}

/** Who remembers every kept part of a kind and gives each piece its chance with each: nobody says which list it belongs to. */
function everyListRemembered(batches: readonly ExamBatch[], matcher: ExamEncoder): Player {
  const keptOf = Map.groupBy(
    batches.flatMap(({ data }) => data),
    ({ text }) => text.kind,
  );
  const totals = new Map<string, number>();
  const weightOf = (kept: number, piece: number): number =>
    Math.exp((cosine(matcher.vectors[kept]!, matcher.vectors[piece]!) - 1) / matchingTemperature);
  return freeLiar('every list', batches, ({ data, first, second }) => {
    const { kind } = data[0]!.text;
    const sums = second.map((piece) => {
      const key = `${kind}/${piece}`;
      const sum =
        totals.get(key) ?? keptOf.get(kind)!.reduce((before, { kept }) => before + weightOf(kept, piece), 0);
      totals.set(key, sum);
      return sum;
    });
    return first.map((kept) => second.map((piece, column) => weightOf(kept, piece) / sums[column]!));
  });
}

/**
 * Requests until a repeat contradicts, for a server without a cache. Products with the same vector differ by the tolerated pull at
 * most where vectors do.
 */
function requestsToRepeat(exam: Player, straight: Player, data: readonly ExamDatum[]): number | undefined {
  const differs = data.filter((datum) => {
    const [said, meant] = [exam.products(datum)!, straight.products(datum)!];
    return said.own.some((value, index) => Math.abs(value - meant.own[index]!) > 2 ** 30 * tolerated);
  }).length;
  const share = exam === straight ? 1 : differs / data.length;
  return share === 0 ? undefined : Math.round(1 / (share * repeatsPerRequest));
}

/** A repeat comes at a random time, and is of a text that was answered at a random earlier one. */
function driftFoundAfter(anglePerTenThousand: number): number {
  const stream = drawStream('drift', 'repeats');
  const found = Array.from({ length: 200 }, () => {
    for (let request = 1; ; request += 1) {
      if (stream.below(1_000_000) >= repeatsPerRequest * 1_000_000) continue;
      const age = request - stream.below(request);
      if ((age * anglePerTenThousand) / 10_000 > Math.sqrt(2e-5)) return request;
    }
  }).sort((a, b) => a - b);
  return found[100]!;
}
