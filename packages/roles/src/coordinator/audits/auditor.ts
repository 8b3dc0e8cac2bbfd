import {
  type AccountId,
  type Clock,
  type Hash,
  isMoeError,
  messageOf,
  type NodeId,
  type Random,
} from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import { fraction, lossUnitsPerDatum, modelVersionHash } from '@market-of-experts/protocol';
import type { ReceiptRecord } from '@market-of-experts/receipts/receipt-record';
import type { LedgerView } from '../../view/ledger-view.ts';
import type { CoordinatorRole } from '../coordinator-role.ts';
import type { TextRequest } from '../text-request.ts';
import { mostOpenAudits, type OpenAudit, readAudits, writeAudits } from './audit-file.ts';
import { type AuditedLoss, type AuditedVersion, auditedVersions } from './audited-versions.ts';

/** Texts of one pair, all of one kind and drawn in one way. */
export interface AuditTexts {
  /** Experts are examined on it. */
  readonly examined: string;
  /** Its parts are sent as texts to be served, days apart. */
  readonly served: string;
  /** Like those that stand in exams beside a text that lies where `served` does. */
  readonly others: readonly string[];
}

export interface AuditorInit {
  readonly market: string;
  /** Its file. */
  readonly path: string;
  /** Who pays. */
  readonly account: AccountId;
  /** Of the next pair, of so many others at most; undefined while there are none. */
  readonly texts: (others: number) => AuditTexts | undefined;
  readonly coordinator: Pick<CoordinatorRole, 'examine' | 'ask'>;
  readonly view: Pick<LedgerView, 'task' | 'current'>;
  /** The version that an expert answers with, by the ledger. */
  readonly versionOf: (node: NodeId) => Hash | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** Told, once, of a version that is surely better in exams than in service. */
  readonly onFound: (found: AuditedVersion) => void;
  readonly onWarning: (message: string) => void;
  /** Between a kept part and its pieces, at least; default a day. */
  readonly apartMs?: number | undefined;
}

/**
 * Asks experts in service what it asks them in exams, and compares. Experts are examined on one text; of another, drawn like it, they are sent
 * the kept part, and a day later the pieces among those of others, as texts to be served. Who pulls pieces to the kept parts that it remembers
 * from an exam loses less there (docs/decisions/0038-audits.md).
 */
export interface Auditor {
  /** Takes in each decided order: losses of its own exams are read from them. */
  observe(id: string, record: ReceiptRecord): void;
  /** Ends the oldest pair that is old enough, and begins another. What is aborted costs no more, and is tried again. Never rejects. */
  round(signal?: AbortSignal): Promise<void>;
  /** Whether the version that an expert answers with was found to be better in exams. */
  isFound(node: NodeId): boolean;
  /** Experts of which that is so. */
  found(): readonly NodeId[];
}

/** Of the others of a pair together, as of the reserve texts of an exam. */
export const auditTextBytes = 256 * 1024;
const usualApartMs = 24 * 3_600_000;
/** Exams of the house of which losses are remembered until they are asked for. */
const mostExams = 64;

export function auditor(init: AuditorInit): Auditor {
  const { view, coordinator, clock, versionOf, onWarning, apartMs = usualApartMs } = init;
  const start = readOrNothing(init);
  const versions = auditedVersions(start.versions);
  let open: readonly OpenAudit[] = start.open;
  const exams = new Map<string, ReceiptRecord['effects']['losses']>();
  let lastProblem = '';
  let signal = new AbortController().signal;

  const request = (text: string, mode: TextRequest['mode']): TextRequest => ({
    account: init.account,
    text,
    mode,
    maxFeeMicro: undefined,
    kind: 'house',
    isTextPublic: true,
    signal,
  });
  const save = (next: readonly OpenAudit[]): void => {
    open = next;
    writeAudits(init.path, { open, versions: versions.all() });
  };
  /** Its vector for a text; undefined for one that does not answer, or answers with another version by now. */
  const stated = async (node: NodeId, version: Hash, text: string): Promise<Uint8Array | undefined> => {
    try {
      const answer = await coordinator.ask(node, request(text, 'auto'));
      return versionOf(node) === version ? view.task.statedVector(answer) : undefined;
    } catch (error) {
      signal.throwIfAborted();
      if (isMoeError(error, 'insufficient-funds')) throw error;
      return undefined;
    }
  };

  const begin = async (): Promise<void> => {
    const { parameters } = view.current().roster;
    const texts = init.texts(view.task.mostReserveTexts(parameters));
    if (texts === undefined || open.length >= mostOpenAudits) return;
    const seed = Buffer.from(init.random.bytes(32)).toString('hex');
    const question = view.task.question([texts.served], seed, parameters, texts.others);
    const own = question?.assignment[0];
    if (question === undefined || own === undefined || own.wrong.length === 0) return;
    if (view.task.tooShort(texts.examined, parameters) !== undefined) return;
    const { receiptId } = await coordinator.examine(request(texts.examined, 'shard'));
    const losses = new Map((exams.get(receiptId) ?? []).map(({ node, lossUnits }) => [node, lossUnits]));
    exams.delete(receiptId);
    const asked = await Promise.all(
      [...losses].map(async ([node, examUnits]) => {
        const version = versionOf(node);
        const kept = version && (await stated(node, version, question.first[own.first]!));
        if (version === undefined || kept === undefined) return [];
        return [{ node, version, examUnits, kept: Buffer.from(kept).toString('base64') }];
      }),
    );
    if (asked.flat().length < 2) return;
    save([
      ...open,
      {
        keptMs: clock.nowMs(),
        second: [...question.second],
        own: [...own.second],
        wrong: [...own.wrong],
        asked: asked.flat(),
      },
    ]);
  };

  const end = async (audit: OpenAudit): Promise<void> => {
    const losses = await Promise.all(audit.asked.map((asked) => lossOf(audit, asked)));
    const found = versions.add(losses.flatMap((loss) => loss ?? []));
    for (const each of found) init.onFound(each);
    // Pair and sums in one write: a process that dies before it asks again, and counts once.
    save(open.filter((each) => each !== audit));
  };
  const lossOf = async (
    { second, own, wrong }: OpenAudit,
    { node, version, examUnits, kept }: OpenAudit['asked'][number],
  ): Promise<AuditedLoss | undefined> => {
    if (versionOf(node) !== version) return undefined;
    const vectors = await Promise.all(second.map((text) => stated(node, version, text)));
    const answers = vectors.flatMap((vector) => vector ?? []);
    if (answers.length < second.length) return undefined;
    const { parameters } = view.current().roster;
    const first = [Buffer.from(kept, 'base64')];
    const shape = { first, second, assignment: [{ first: 0, second: own, wrong }], positions: [] };
    const opened = view.task.open({ first, second: answers }, shape, parameters);
    if (opened === undefined) return undefined;
    const scores = view.task.score([{ worker: node, opened, isJudge: true }], shape, '', parameters);
    const inService = scores?.[0]?.losses[0];
    return inService
      ? { node, version, inExam: fraction(examUnits, lossUnitsPerDatum), inService }
      : undefined;
  };

  /** The same problem is told once in a row. */
  const attempt = async (task: () => Promise<void>): Promise<void> => {
    try {
      await task();
      lastProblem = '';
    } catch (error) {
      if (signal.aborted) return;
      const problem = messageOf(error);
      if (problem !== lastProblem)
        onWarning(`Experts could not be audited just now, and will be later: ${problem}`);
      lastProblem = problem;
    }
  };
  const isFound = (node: NodeId): boolean => {
    const version = versionOf(node);
    return version !== undefined && versions.isFound(node, version);
  };

  return {
    observe(id, { kind, effects }) {
      if (kind !== 'house' || effects.losses.length === 0) return;
      exams.set(id, effects.losses);
      const [oldest] = exams.keys();
      if (exams.size > mostExams && oldest !== undefined) exams.delete(oldest);
    },
    async round(until = new AbortController().signal) {
      signal = until;
      await attempt(async () => {
        const due = open.find(({ keptMs }) => keptMs + apartMs <= clock.nowMs());
        if (due !== undefined) await end(due);
        await begin();
      });
    },
    isFound,
    found: () => versions.all().flatMap(({ node }) => (isFound(node) ? [node] : [])),
  };
}

/** What cannot be read is begun anew: nothing that was found by it holds any more, and the operator is told. */
function readOrNothing({ path, market, onWarning }: AuditorInit): ReturnType<typeof readAudits> {
  try {
    return readAudits(path);
  } catch (error) {
    onWarning(`Audits of the experts of "${market}" begin anew: ${messageOf(error)}`);
    return { open: [], versions: [] };
  }
}

/** The version that an expert has in the ledger. */
export function versionsOf(
  ledger: Pick<Ledger, 'expert'>,
  market: Parameters<Ledger['expert']>[0],
): AuditorInit['versionOf'] {
  return (node) => {
    const version = ledger.expert(market, node)?.versions?.at(-1)?.version;
    return version && modelVersionHash(version);
  };
}
