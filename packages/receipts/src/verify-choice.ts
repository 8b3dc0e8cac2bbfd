import type { PublishedEdition } from '@market-of-experts/api/editions';
import { type Hash, hashBytes, messageOf } from '@market-of-experts/core';
import {
  type Edition,
  type ExamsRecord,
  editionHash,
  editionName,
  examShares,
  nextEdition,
  problemOfSuccessor,
  readEdition,
  readExamsList,
  readKeptExam,
  type SettledExam,
  servedEpochs,
  windowOf,
} from '@market-of-experts/protocol';
import { expect, expectSame, type FetchBlob, type ReceiptCheck } from './receipt-checks.ts';

/** What came of recomputing one edition. */
export interface EditionVerification {
  readonly name: string;
  readonly checks: readonly ReceiptCheck[];
}

type Told = Pick<PublishedEdition, 'number' | 'hash' | 'record' | 'beacon' | 'epoch' | 'exams' | 'shares'>;

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
  const known = new Map<string, SettledExam>();
  const found: EditionVerification[] = [];
  let previous: Edition | undefined;
  for (const told of editions) {
    const checks: ReceiptCheck[] = [];
    const check = async <Result>(
      name: string,
      examine: () => Promise<{ readonly detail: string; readonly value: Result }>,
    ): Promise<Result | undefined> => {
      try {
        const { detail, value } = await examine();
        checks.push({ name, ok: true, detail });
        return value;
      } catch (error) {
        checks.push({ name, ok: false, detail: messageOf(error) });
        return undefined;
      }
    };
    const before = previous;
    const edition = await check('edition', async () => assertEdition(told, before));
    if (edition === undefined) {
      found.push({ name: `number ${told.number}`, checks });
      previous = undefined;
      continue;
    }
    const exams = async (record: ExamsRecord) => fetchExams(record, fetchBlob, known);
    if (told.exams === undefined)
      checks.push({ name: 'choice', ok: true, isSkipped: true, detail: 'its owner chose it' });
    else if (before === undefined)
      checks.push({
        name: 'choice',
        ok: true,
        isSkipped: true,
        detail: 'the edition before is not remembered',
      });
    else
      await check('choice', async () => {
        const next = nextEdition(before, await exams(told.exams!), {
          seed: told.beacon,
          epoch: told.epoch,
          servedEpochs: servedEpochs(rules),
          evidence: told.exams!.root,
        });
        expect(next !== undefined, 'These exams prove no change.');
        expect(editionHash(next!.edition) === told.hash, 'These exams choose another edition.');
        const { kind, gain, standardError } = next!.change;
        return {
          detail: `${told.exams!.texts} texts choose it (${kind}): a gain of ${gain.toFixed(4)} of loss, ± ${standardError.toFixed(4)}`,
          value: undefined,
        };
      });
    const { shares } = told;
    if (shares === undefined)
      checks.push({ name: 'shares', ok: true, isSkipped: true, detail: 'none are published: equal parts' });
    else
      await check('shares', async () => {
        const recomputed = examShares(edition, await exams(shares.exams));
        expect(recomputed !== undefined, 'These exams are too few to share by.');
        expectSame(
          recomputed!.map(({ millionths }) => millionths),
          shares.millionths,
          'These exams give the parts other shares.',
        );
        return { detail: `${shares.exams.texts} texts give its parts these shares`, value: undefined };
      });
    found.push({ name: editionName(edition), checks });
    previous = edition;
  }
  return found;
}

async function assertEdition(
  told: Told,
  before: Edition | undefined,
): Promise<{ readonly detail: string; readonly value: Edition }> {
  const edition = readEdition(new Uint8Array(Buffer.from(told.record, 'base64')));
  expect(editionHash(edition) === told.hash, 'It does not have its hash.');
  expect(edition.number === told.number, 'It has another number.');
  const problem = before === undefined ? undefined : problemOfSuccessor(before, edition);
  expect(problem === undefined, problem ?? '');
  return { detail: `${edition.parts.length} part(s), as its hash says`, value: edition };
}

/** The exams of a root, each by its own hash. Throws where they are not those that count by the rule. */
async function fetchExams(
  record: ExamsRecord,
  fetchBlob: FetchBlob,
  known: Map<string, SettledExam>,
): Promise<readonly SettledExam[]> {
  const listed = readExamsList(await fetchHashed(record.root, fetchBlob));
  const exams: SettledExam[] = [];
  for (const { batch, data, hash } of listed) {
    const key = `${batch}/${hash}`;
    const exam = known.get(key) ?? {
      batch,
      data,
      exam: readKeptExam(await fetchHashed(hash, fetchBlob)),
    };
    known.set(key, exam);
    exams.push(exam);
  }
  expectSame(
    windowOf(exams, record.toBatch).record,
    record,
    'The exams are not those that count for these settlements.',
  );
  return exams;
}

async function fetchHashed(hash: Hash, fetchBlob: FetchBlob): Promise<Uint8Array> {
  const bytes = await fetchBlob(hash);
  expect(hashBytes(bytes) === hash, 'An exam does not have its hash.');
  return bytes;
}
