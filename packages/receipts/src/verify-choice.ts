import type { PublishedEdition } from '@market-of-experts/api/editions';
import { type Hash, hashBytes, messageOf, type NodeId } from '@market-of-experts/core';
import {
  type Edition,
  type ExamsRecord,
  editionHash,
  editionName,
  examShapley,
  examShares,
  nextEdition,
  problemOfSuccessor,
  readEdition,
  readExamsList,
  readKeptExam,
  type SettledExam,
  servedEpochs,
  toNumber,
  windowOf,
} from '@market-of-experts/protocol';
import { expect, expectSame, type FetchBlob, type ReceiptCheck } from './receipt-checks.ts';

/** What exams say of one part of an edition. */
export interface PartWorth {
  readonly node: NodeId;
  /** Its share of the service fee. */
  readonly millionths: number;
  /** By how much it lowers the loss (Shapley); shown, not paid. */
  readonly lowersLoss: number;
}

/** What came of recomputing one edition. */
export interface EditionVerification {
  readonly name: string;
  readonly checks: readonly ReceiptCheck[];
  /** In the order of the parts, where exams say it. */
  readonly parts?: readonly PartWorth[];
}

type Told = Pick<PublishedEdition, 'number' | 'hash' | 'record' | 'beacon' | 'epoch' | 'exams' | 'shares'>;
type FetchExams = (record: ExamsRecord) => Promise<readonly SettledExam[]>;

/**
 * Recomputes the editions that a ledger shows, by the published rules: that each is what its hash says and follows the one before; for what
 * exams decided, that the exams are those of its root, that they choose this edition, and that they give its parts these shares.
 * `fetchBlob` brings exams by their hashes. Taken on trust: that the exams are all that were certified and settled, which
 * the market's settlements show.
 */
export async function verifyEditions(
  editions: readonly Told[],
  rules: { readonly epochMs: number },
  fetchBlob: FetchBlob,
): Promise<readonly EditionVerification[]> {
  const fetchExams = examFetcher(fetchBlob);
  const found: EditionVerification[] = [];
  let before: Edition | undefined;
  for (const told of editions) {
    const checks: ReceiptCheck[] = [];
    const edition = await checked(checks, 'edition', async () => readTold(told, before));
    if (edition === undefined) found.push({ name: `number ${told.number}`, checks });
    else {
      await checkChoice(told, before, rules, fetchExams, checks);
      const parts = await checkShares(told, edition, fetchExams, checks);
      found.push({ name: editionName(edition), checks, ...(parts === undefined ? {} : { parts }) });
    }
    before = edition;
  }
  return found;
}

/** What was found, in a sentence, and what it is. */
interface Found<Value> {
  readonly detail: string;
  readonly value: Value;
}

/** Notes what came of a check; undefined where it failed. */
async function checked<Value>(
  checks: ReceiptCheck[],
  name: string,
  examine: () => Promise<Found<Value>>,
): Promise<Value | undefined> {
  try {
    const { detail, value } = await examine();
    checks.push({ name, ok: true, detail });
    return value;
  } catch (error) {
    checks.push({ name, ok: false, detail: messageOf(error) });
    return undefined;
  }
}

function readTold(told: Told, before: Edition | undefined): Found<Edition> {
  const edition = readEdition(new Uint8Array(Buffer.from(told.record, 'base64')));
  expect(editionHash(edition) === told.hash, 'It does not have its hash.');
  expect(edition.number === told.number, 'It has another number.');
  const problem = before === undefined ? undefined : problemOfSuccessor(before, edition);
  expect(problem === undefined, problem ?? '');
  return { detail: `${edition.parts.length} part(s), as its hash says`, value: edition };
}

async function checkChoice(
  { exams, hash, beacon: seed, epoch }: Told,
  before: Edition | undefined,
  rules: { readonly epochMs: number },
  fetchExams: FetchExams,
  checks: ReceiptCheck[],
): Promise<void> {
  if (exams === undefined || before === undefined) {
    const detail = exams === undefined ? 'its owner chose it' : 'the edition before is not remembered';
    checks.push({ name: 'choice', ok: true, isSkipped: true, detail });
    return;
  }
  await checked(checks, 'choice', async () => {
    const terms = { seed, epoch, servedEpochs: servedEpochs(rules), evidence: exams.root };
    const next = nextEdition(before, await fetchExams(exams), terms);
    expect(next !== undefined, 'These exams prove no change.');
    expect(editionHash(next!.edition) === hash, 'These exams choose another edition.');
    const { kind, gain, standardError } = next!.change;
    const detail = `${exams.texts} texts choose it (${kind}): a gain of ${gain.toFixed(4)} of loss, ± ${standardError.toFixed(4)}`;
    return { detail, value: undefined };
  });
}

async function checkShares(
  { shares }: Told,
  edition: Edition,
  fetchExams: FetchExams,
  checks: ReceiptCheck[],
): Promise<readonly PartWorth[] | undefined> {
  if (shares === undefined) {
    checks.push({ name: 'shares', ok: true, isSkipped: true, detail: 'none are published: equal parts' });
    return undefined;
  }
  return checked(checks, 'shares', async () => {
    const exams = await fetchExams(shares.exams);
    const recomputed = examShares(edition, exams) ?? [];
    expect(recomputed.length > 0, 'These exams are too few to share by.');
    expectSame(
      recomputed.map(({ millionths }) => millionths),
      shares.millionths,
      'These exams give the parts other shares.',
    );
    const worth = examShapley(edition, exams) ?? [];
    const value = recomputed.map((share, index) => ({
      ...share,
      lowersLoss: toNumber(worth[index]!),
    }));
    return { detail: `${shares.exams.texts} texts give its parts these shares`, value };
  });
}

/** The exams of a root, each by its own hash. Throws where they are not those that count by the rule. */
function examFetcher(fetchBlob: FetchBlob): FetchExams {
  const known = new Map<Hash, SettledExam['exam']>();
  const fetchHashed = async (hash: Hash): Promise<Uint8Array> => {
    const bytes = await fetchBlob(hash);
    expect(hashBytes(bytes) === hash, 'An exam does not have its hash.');
    return bytes;
  };
  return async (record) => {
    const exams: SettledExam[] = [];
    for (const { batch, data, hash } of readExamsList(await fetchHashed(record.root))) {
      const exam = known.get(hash) ?? readKeptExam(await fetchHashed(hash));
      known.set(hash, exam);
      expect(
        data.every((place) => place < exam.data.length),
        'The list names data that an exam does not have.',
      );
      exams.push({ batch, data, exam });
    }
    const { record: counted } = windowOf(exams, record.toBatch);
    expectSame(counted, record, 'The exams are not those that count for these settlements.');
    return exams;
  };
}
