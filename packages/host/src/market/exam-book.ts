import { type Hash, hashBytes, type MarketId, messageOf, type NodeId, textOf } from '@market-of-experts/core';
import type { Ledger, ReceiptStore } from '@market-of-experts/ledger';
import {
  certificateHash,
  type Effects,
  type ExamsRecord,
  examsListBytes,
  examWindowBatches,
  examWindowTexts,
  type KeptExam,
  keptExam,
  keptExamBytes,
  parseSettlementDetail,
  type Roster,
  readKeptExam,
  type SettledExam,
  type Transcript,
  windowOf,
} from '@market-of-experts/protocol';
import {
  decodeTranscript,
  type ReceiptRecord,
  transcriptId,
} from '@market-of-experts/receipts/receipt-record';
import { keptBatch } from '@market-of-experts/roles/receipts/kept-batch';
import { settlementsFrom } from '@market-of-experts/roles/view/ledger-settlements';

/**
 * What editions and pay look at in certified exams, kept among the receipts of the market: by the hash of its bytes, so that anybody may
 * ask for it, and by that of its certificate. Which of them count is the ledger's to say: those that settlements closed.
 */
export interface ExamBook {
  /** Takes in a decided order, if it is of an exam; one that is known is left as it is. Never rejects. */
  keep(record: ReceiptRecord): Promise<void>;
  /** The exams that count when the settlements before `toBatch` are there. */
  window(toBatch: number): Promise<ExamWindow>;
  /** Keeps which exams are in a window, so that they can be asked for by its root: before anything names it. */
  publish(window: ExamWindow): Promise<void>;
  /** Data of exams that settlements from `fromBatch` on closed, before `toBatch`. */
  texts(fromBatch: number, toBatch: number): Promise<number>;
  /** An exam, or a list of exams, by the SHA-256 of its bytes. */
  blob(hash: Hash): Promise<Uint8Array | undefined>;
  /** Waits for what is being kept. */
  close(): Promise<void>;
}

/** Exams that count, and how they are named. */
export interface ExamWindow {
  readonly exams: readonly SettledExam[];
  readonly record: ExamsRecord;
}

export interface ExamBookInit {
  readonly market: MarketId;
  readonly ledger: Pick<Ledger, 'entries' | 'height' | 'market'>;
  readonly receipts: ReceiptStore;
  readonly rosterOf: (hash: Hash) => Roster | undefined;
  /** Which model an expert answers with now. */
  readonly modelOf: (node: NodeId) => Hash | undefined;
  readonly onWarning: (message: string) => void;
}

/** An order of an exam that a settlement closed. */
type ClosedDatum = Pick<Effects, 'proof' | 'client' | 'clientSeq'>;

const byHash = (hash: Hash): string => `kept-${hash}`;
const byCertificate = (certificate: Hash): string => `exam-${certificate}`;

export function examBook(init: ExamBookInit): ExamBook {
  const { market, ledger, receipts, onWarning } = init;
  /** Of each settlement since `from`, what it closed of exams; those without any are not in it. */
  const closed = new Map<number, readonly ClosedDatum[]>();
  const keeping = new Set<Promise<void>>();
  let readTo: number | undefined;
  /** Of the last window: most of the next one is in it. */
  let exams = new Map<Hash, KeptExam>();

  const put = (id: string, bytes: Uint8Array): Promise<void> => receipts.put(id, bytes, { pending: false });
  /** Of a record that an earlier process kept it is apart. */
  const transcriptOf = async ({ transcript }: ReceiptRecord, hash: Hash): Promise<Transcript | undefined> => {
    if (transcript !== undefined) return transcript;
    const bytes = await receipts.get(transcriptId(hash));
    return bytes === undefined ? undefined : decodeTranscript(bytes);
  };
  const keep = async (record: ReceiptRecord): Promise<void> => {
    const { proof } = record;
    // A record for each of its orders, and one exam.
    if (proof.kind !== 'certificate' || proof.data[0] !== 0) return;
    const { body } = proof.certificate;
    if ((await receipts.get(byCertificate(certificateHash(body)))) !== undefined) return;
    const transcript = await transcriptOf(record, body.transcript);
    if (transcript === undefined) return;
    const roster = init.rosterOf(proof.roster);
    if (roster === undefined) throw new Error('its roster is not known here');
    const exam = keptExam(body, transcript, roster, init.modelOf);
    if (exam.experts.length === 0) return;
    const bytes = keptExamBytes(exam);
    const hash = hashBytes(bytes);
    await put(byHash(hash), bytes);
    await put(byCertificate(exam.certificate), new TextEncoder().encode(hash));
  };

  /** Reads what settlements closed, once each: from the ledger which there were, from the receipts what was in them. */
  const follow = (() => {
    let running: Promise<void> = Promise.resolve();
    const readOn = async (toBatch: number): Promise<void> => {
      const from = readTo ?? Math.max(0, toBatch - examWindowBatches);
      if (from >= toBatch) return;
      const settlements = await settlementsFrom(ledger, market, from);
      for (let batch = from; batch < toBatch; batch += 1) {
        const settlement = settlements.get(batch);
        const kept = settlement === undefined ? undefined : await keptBatch(receipts, settlement);
        const data = (kept === undefined ? [] : parseSettlementDetail(kept.detail)).filter(
          ({ losses }) => losses.length > 0,
        );
        if (data.length > 0)
          closed.set(
            batch,
            data.map(({ proof, client, clientSeq }) => ({ proof, client, clientSeq })),
          );
      }
      readTo = toBatch;
      for (const batch of closed.keys()) if (batch < toBatch - examWindowBatches) closed.delete(batch);
    };
    return (toBatch: number): Promise<void> => {
      running = running.catch(() => undefined).then(() => readOn(toBatch));
      return running;
    };
  })();

  const examOf = async (certificate: Hash): Promise<KeptExam | undefined> => {
    const known = exams.get(certificate);
    if (known !== undefined) return known;
    const hash = await receipts.get(byCertificate(certificate));
    const bytes = hash === undefined ? undefined : await receipts.get(byHash(textOf(hash) as Hash));
    return bytes === undefined ? undefined : readKeptExam(bytes);
  };
  const settledIn = async (batch: number): Promise<SettledExam[]> => {
    const found: SettledExam[] = [];
    for (const [certificate, orders] of Map.groupBy(closed.get(batch) ?? [], ({ proof }) => proof)) {
      const exam = await examOf(certificate);
      if (exam === undefined) continue;
      const isClosed = ({ client, clientSeq }: KeptExam['data'][number]): boolean =>
        orders.some((order) => order.client === client && order.clientSeq === clientSeq);
      const data = [...exam.data.keys()].filter((index) => isClosed(exam.data[index]!));
      if (data.length > 0) found.push({ batch, data, exam });
    }
    return found;
  };

  return {
    keep(record) {
      const task = keep(record)
        .catch((error: unknown) =>
          onWarning(`An exam does not count for editions, since it could not be kept: ${messageOf(error)}`),
        )
        .finally(() => keeping.delete(task));
      keeping.add(task);
      return task;
    },
    async window(toBatch) {
      await follow(toBatch);
      const found: SettledExam[] = [];
      let texts = 0;
      for (const batch of [...closed.keys()].filter((each) => each < toBatch).sort((a, b) => b - a)) {
        const settled = await settledIn(batch);
        found.push(...settled);
        texts += settled.reduce((sum, { data }) => sum + data.length, 0);
        if (texts > examWindowTexts) break;
      }
      const window = windowOf(found, toBatch);
      exams = new Map(window.exams.map(({ exam }) => [exam.certificate, exam]));
      return window;
    },
    async texts(fromBatch, toBatch) {
      await follow(toBatch);
      let texts = 0;
      for (const [batch, data] of closed) if (batch >= fromBatch && batch < toBatch) texts += data.length;
      return texts;
    },
    publish: ({ exams: listed, record }) => put(byHash(record.root), examsListBytes(listed)),
    blob: (hash) => receipts.get(byHash(hash)),
    async close() {
      await Promise.all(keeping);
    },
  };
}
