import type { EditionListing } from '@market-of-experts/api/editions';
import type { MarketEvent } from '@market-of-experts/api/events';
import type { ExpertStatus } from '@market-of-experts/api/experts';
import type { JobSummary } from '@market-of-experts/api/jobs';
import type { LedgerService } from '@market-of-experts/api/ledger-service';
import type {
  EventListener,
  MarketService,
  RegionListing,
  ServedText,
  ServeRequest,
} from '@market-of-experts/api/market-service';
import type { MarketListing } from '@market-of-experts/api/models';
import { textFor, type Viewer } from '@market-of-experts/api/shown-text';
import type { Readiness } from '@market-of-experts/api/status';
import {
  type AccountId,
  type Amount,
  cutText,
  type Hash,
  hashBytes,
  hashOf,
  type MarketId,
  MoeError,
  sha256,
} from '@market-of-experts/core';
import { float32Bytes } from '@market-of-experts/protocol';
import { testEditionListing } from '@market-of-experts/testing/test-edition';

type OwnedText = Parameters<typeof textFor>[1];

/**
 * A whole market in memory for the tests of the gateway: vectors, draws and losses follow from hashes of the
 * text, so the same text always gives the same job. It shows what the port promises, not how a market decides.
 */
export interface SimulatedMarket extends MarketService {
  readonly apiKey: string;
  readonly poorApiKey: string;
  readonly blobHash: Hash;
  emit(event: MarketEvent): void;
  setReadiness(readiness: Readiness): void;
  setNotices(...sentences: readonly string[]): void;
  setEditions(...editions: readonly EditionListing[]): void;
  /** The next `embed` rejects with this. */
  failNext(error: unknown): void;
  /** Makes `embed` wait until `release`; requests that arrived are in `waiting`. */
  hold(): void;
  release(): void;
  readonly waiting: readonly ServeRequest[];
  /** In the next scored job the first who is drawn calls a friend, who wins for both. */
  callFriendNext(): void;
  /** `regions` rejects with this until it is undefined. */
  regionsError: unknown;
  /** Losses that `regions` was asked for. */
  readonly regionsAsked: readonly (number | undefined)[];
  readonly aborted: number;
  readonly listeners: number;
}

const dimensions = 384;
const market = 'text-embedding' as MarketId;
const feePerTextMicro = 120n;
const friendBps = 4_000;
const names = ['minilm-l6', 'german', 'japanese', 'code', 'lexical'];

export function createSimulatedMarket(
  options: {
    readonly now?: () => number;
    readonly balanceMicro?: Amount;
    /** Default: none; its addresses then answer with an error. */
    readonly ledger?: LedgerService;
  } = {},
): SimulatedMarket {
  const now = options.now ?? Date.now;
  const keys = new Map([
    ['moe-key-rich', `0x${'a'.repeat(40)}` as AccountId],
    ['moe-key-poor', `0x${'b'.repeat(40)}` as AccountId],
  ]);
  const balances = new Map<AccountId, Amount>([
    [keys.get('moe-key-rich')!, options.balanceMicro ?? 5_000_000n],
    [keys.get('moe-key-poor')!, 0n],
  ]);
  let listing: MarketListing = {
    id: market,
    task: 'text-embedding',
    dimensions,
    editions: [testEditionListing(market, [{ name: 'minilm-l6', dimensions }])],
    createdMs: 1_700_000_000_000,
    aliases: [market, 'text-embedding-3-small'],
    maxTextBytes: 32 * 1024,
    pricePerKilobyteMicro: feePerTextMicro,
  };
  const experts = new Map<string, ExpertStatus>(names.map((name) => [name, newExpert(name)]));
  const receipts = new Map<string, (viewer: Viewer) => Record<string, unknown>>();
  const blobBytes = sha256(Buffer.from('places'));
  const listeners = new Set<EventListener>();
  const recentJobs: { readonly job: JobSummary; readonly text: OwnedText }[] = [];
  const jobs = { certified: 0, routed: 0, refunded: 0 };
  const waiting: ServeRequest[] = [];
  let gate: PromiseWithResolvers<void> | undefined;
  let failure: { readonly error: unknown } | undefined;
  let aborted = 0;
  let readiness: Readiness = { isReady: true, reasons: [], needsRestart: false };
  let notices: readonly string[] = [];
  let isFriendCalled = false;
  const regionsAsked: (number | undefined)[] = [];
  let settledMicro = 0n;

  const emit = (event: MarketEvent, text?: OwnedText) => {
    const toOwner =
      text === undefined || !('job' in event)
        ? event
        : { ...event, job: jobFor(text.owner, event.job, text) };
    for (const listener of listeners)
      listener(event, (viewer) => (viewer !== undefined && viewer === text?.owner ? toOwner : event));
  };
  const jobFor = (viewer: Viewer, job: JobSummary, text: OwnedText): JobSummary => {
    const preview = textFor(viewer, text);
    return preview === undefined ? job : { ...job, preview };
  };

  /** Counts a job for who worked, and pays the winner, shared with the friend. */
  const record = (member: JobSummary['members'][number], won: boolean): void => {
    const { friend, loss } = member;
    const feeMicro = won ? feePerTextMicro : 0n;
    const friendMicro = friend === undefined ? 0n : (feeMicro * BigInt(friend.askBps)) / 10_000n;
    const change = (name: string, next: (before: ExpertStatus) => Partial<ExpertStatus>): void => {
      const before = experts.get(name)!;
      experts.set(name, { ...before, ...next(before) });
    };
    const add = ({ jobs, wins }: { jobs: number; wins: number }) => ({
      jobs: jobs + 1,
      wins: wins + (won ? 1 : 0),
    });
    if (friend !== undefined)
      change(member.name, (before) => ({
        callsMade: add(before.callsMade),
        earnedMicro: before.earnedMicro + feeMicro - friendMicro,
      }));
    change((friend ?? member).name, (before) => ({
      ...add(before),
      ...(friend === undefined ? {} : { callsAnswered: add(before.callsAnswered) }),
      earnedMicro: before.earnedMicro + (friend === undefined ? feeMicro : friendMicro),
      ...(loss === undefined
        ? {}
        : { meanLoss: ((before.meanLoss ?? loss) * before.jobs + loss) / (before.jobs + 1) }),
    }));
  };

  const serve = (text: string, { account, isTextPublic = false }: ServeRequest): ServedText => {
    const digest = sha256(Buffer.from(text));
    const receiptId = hashOf('moe/simulated-receipt/1', [text, receipts.size]);
    const isScored = text.split(/\s+/).length >= 12;
    const first = digest[0]! % names.length;
    const members = (isScored ? [0, 1, 2] : [0]).map((offset) => {
      const name = names[(first + offset) % names.length]!;
      const loss = digest[1 + offset]! / 512;
      const base = { id: experts.get(name)!.id, name, probation: false, ...(isScored ? { loss } : {}) };
      if (!isScored || !isFriendCalled || offset > 0) return base;
      const friend = names[(first + 3) % names.length]!;
      return {
        ...base,
        loss: 1 / 128,
        friend: { id: experts.get(friend)!.id, name: friend, askBps: friendBps },
      };
    });
    if (isScored) isFriendCalled = false;
    const winner = members.reduce((best, member) => ((member.loss ?? 0) < (best.loss ?? 0) ? member : best));
    for (const member of members) record(member, member === winner);
    const job: JobSummary = {
      receiptId,
      atMs: now(),
      mode: isScored ? 'shard' : 'route',
      kind: 'client',
      outcome: isScored ? 'certified' : 'routed',
      members,
      winner: winner.id,
      feeMicro: feePerTextMicro,
      durationMs: 3,
    };
    jobs[isScored ? 'certified' : 'routed'] += 1;
    settledMicro += feePerTextMicro;
    const owned = { owner: account, isTextPublic, preview: cutText(text, 120) };
    const receipt = { id: receiptId, market, feeMicro: feePerTextMicro.toString(), members };
    receipts.set(receiptId, (viewer) => ({ ...receipt, preview: textFor(viewer, owned) }));
    recentJobs.unshift({ job, text: owned });
    recentJobs.splice(50);
    emit({ type: isScored ? 'job-certified' : 'job-routed', job: jobFor(undefined, job, owned) }, owned);
    return {
      answer: float32Bytes(vectorOf(digest)),
      receiptId,
      edition: 1,
      missing: [],
      isExamined: isScored,
      feeMicro: feePerTextMicro,
      tokens: tokensOf(text),
    };
  };

  return {
    apiKey: 'moe-key-rich',
    poorApiKey: 'moe-key-poor',
    blobHash: hashBytes(blobBytes),
    emit,
    setReadiness: (next) => {
      readiness = next;
    },
    setNotices: (...sentences) => {
      notices = sentences;
    },
    setEditions: (...editions) => {
      listing = { ...listing, editions };
    },
    failNext: (error) => {
      failure = { error };
    },
    hold: () => {
      gate = Promise.withResolvers();
    },
    release: () => {
      gate?.resolve();
      gate = undefined;
    },
    waiting,
    callFriendNext: () => {
      isFriendCalled = true;
    },
    regionsError: undefined,
    regionsAsked,
    get aborted() {
      return aborted;
    },
    get listeners() {
      return listeners.size;
    },
    authenticate: (apiKey) => keys.get(apiKey),
    markets: () => [listing],
    async serve(request) {
      if (gate !== undefined) {
        waiting.push(request);
        await Promise.race([
          gate.promise,
          new Promise((_resolve, reject) => {
            request.signal?.addEventListener('abort', () => {
              aborted += 1;
              reject(new MoeError('request-aborted', 'The request was aborted.'));
            });
          }),
        ]);
      }
      if (failure !== undefined) {
        const { error } = failure;
        failure = undefined;
        throw error;
      }
      const feeMicro = feePerTextMicro * BigInt(request.texts.length);
      if (request.maxFeeMicro !== undefined && request.maxFeeMicro < feePerTextMicro)
        throw new MoeError(
          'fee-too-low',
          `A text costs ${feePerTextMicro} micro-credits here. Allow that much.`,
        );
      const balance = balances.get(request.account)!;
      if (balance < feeMicro)
        throw new MoeError(
          'insufficient-funds',
          'The account has too few credits for this request. Top it up.',
        );
      balances.set(request.account, balance - feeMicro);
      return request.texts.map((text) => serve(text, request));
    },
    receipt: async (receiptId, viewer) => receipts.get(receiptId)?.(viewer),
    blob: async (hash) => (hash === hashBytes(blobBytes) ? blobBytes : undefined),
    balance: (account) => ({ availableMicro: balances.get(account)!, reservedMicro: 0n }),
    status: (viewer) => ({
      version: '0.1.0',
      network: 'simulated',
      startedAtMs: 1_700_000_000_000,
      markets: [listing],
      experts: [...experts.values()],
      validators: [{ id: 'c'.repeat(64), name: 'validator-1', stakeMicro: 10_000_000n }],
      jobs,
      settledMicro,
      pendingReceipts: 0,
      ledger: {
        height: receipts.size,
        stateRoot: hashOf('moe/simulated-state/1', receipts.size),
        totalMicro: 2n ** 60n,
      },
      attendance: [],
      notices: [...notices],
      history: { records: jobs.certified, bytesPerRecord: 512 },
      recentJobs: recentJobs.map(({ job, text }) => jobFor(viewer, job, text)),
    }),
    readiness: () => readiness,
    async regions(options) {
      regionsAsked.push(options?.expertLoss);
      if (this.regionsError !== undefined) throw this.regionsError;
      return [region(7, 0.25), region(3, 0.4)];
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ledger: options.ledger ?? ({} as LedgerService),
  };
}

function newExpert(name: string): ExpertStatus {
  return {
    id: hashOf('moe/simulated-expert/1', name),
    name,
    description: `Simulated expert "${name}"`,
    state: 'serving',
    jobs: 0,
    wins: 0,
    callsMade: { jobs: 0, wins: 0 },
    callsAnswered: { jobs: 0, wins: 0 },
    askBps: friendBps,
    earnedMicro: 0n,
    slashedMicro: 0n,
    stakeMicro: 1_000_000n,
  };
}

function region(place: number, meanLoss: number): RegionListing {
  return {
    place,
    jobs: 40,
    jobsPerHour: 12.5,
    meanFeeMicro: 119.6,
    meanLoss,
    best: { name: 'minilm-l6', meanLoss: meanLoss - 0.05 },
    effectiveWinners: 2.4,
    losingMargin: 0.03,
    earningsMicro: 1_234.5,
    preview: textFor(undefined, {
      owner: `0x${'c'.repeat(40)}` as AccountId,
      isTextPublic: true,
      preview: `Region ${place}: ships at dawn`,
    })!,
  };
}

/** Unit vector that follows from a hash. */
function vectorOf(digest: Uint8Array): Float32Array {
  const vector = new Float32Array(dimensions);
  for (let index = 0; index < dimensions; index += 1)
    vector[index] = digest[index % digest.length]! - 127.5 + (index % 7);
  let square = 0;
  for (const value of vector) square += value * value;
  return vector.map((value) => value / Math.sqrt(square));
}

function tokensOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4);
}
