import {
  type Clock,
  encode,
  type Hash,
  type KeyPair,
  MoeError,
  type NodeId,
  signBody,
  verifyBodyAsync,
  verifySignatureAsync,
} from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';
import {
  type ArrivalRecord,
  arrivalDomain,
  type Certificate,
  type ClosedJob,
  type Cut,
  closeFull,
  closeReveal,
  commitDomain,
  cutDomain,
  cutJob,
  declineDomain,
  equivocationOf,
  type FullJob,
  jobIdOf,
  type NodeSignature,
  noteDomain,
  noteOf,
  type Order,
  type OrderBody,
  openJob,
  type RevealJob,
  type Roster,
  receiveCommit,
  receiveDecline,
  receiveFullCommit,
  receiveReveal,
  type SealedJob,
  type Statement,
  sealedProgress,
  type Ticket,
  type Transcript,
  ticketValidators,
} from '@market-of-experts/protocol';
import { openingBytes } from '../job/job-request.ts';
import { certifyMs, testimonyMs } from '../job/job-times.ts';
import { hasEnoughSealed, mayNote } from '../job/reveal-question.ts';
import { witnessVoices } from '../job/witness-voices.ts';
import { askSeats } from '../messages/ask-seats.ts';
import { call } from '../messages/messaging.ts';
import {
  arrivalsResponseSchema,
  arrivedMessageSchema,
  certifyResponseSchema,
  fullResponseSchema,
  type JobStage,
  noteResponseSchema,
  protocols,
  revealResponseSchema,
  sealedResponseSchema,
  ticketResponseSchema,
} from '../messages/protocols.ts';
import type { MarketView } from '../view/market-view.ts';
import { noTimeReason, type StageReport } from '../view/pace.ts';
import { assertCommitSigned, assertRevealed, assertSigned, type GrantedCommit } from './signed-answers.ts';

export interface ShardJobComponents {
  readonly keys: KeyPair;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Which validators note the job, and how its datum is cut. */
  readonly view: Pick<MarketView, 'validators' | 'isQuorum' | 'task'>;
  /** Called with two statements of one expert that exclude one another. */
  readonly onEquivocation?:
    | ((statements: readonly [Statement, Statement], order: OrderBody) => void)
    | undefined;
  /** Told how the stages go in which experts work. */
  readonly onStage?: ((report: StageReport) => void) | undefined;
}

export interface ShardJobInput {
  readonly order: Order;
  readonly roster: Roster;
  readonly rosterHash: Hash;
  readonly text: string;
  /** Salt of the order's data hash. */
  readonly salt: Uint8Array;
  readonly signal: AbortSignal;
}

export interface ShardOutcome {
  readonly certificate: Certificate;
  readonly transcript: Transcript;
  readonly roster: Roster;
  /** From the request to the first commit, by worker. */
  readonly latenciesMs: ReadonlyMap<NodeId, number>;
}

/** Runs one job through its stages, from the order to the certificate (protocol.md, section 2). */
export async function runShardJob(
  components: ShardJobComponents,
  input: ShardJobInput,
): Promise<ShardOutcome> {
  const run = new ShardRun(components, input);
  const sealed = await run.sealed(await run.open());
  // The last moment to leave: from the cut on its experts work on the whole, and the order stands for this job alone.
  input.signal.throwIfAborted();
  const cut = signBody(components.keys, cutDomain, {
    job: sealed.id,
    seals: sealed.commits.map(({ body }) => body.seal),
  });
  const cutOff = cutJob(sealed);
  // Noting goes on beside the work, and ends before anything is revealed.
  const [full, notes] = await Promise.all([run.full(cutOff, cut), run.note(cutOff, cut)]);
  const closed = closeReveal(await run.reveal(closeFull(full), cut, notes));
  const transcript: Transcript = {
    order: input.order,
    roster: input.rosterHash,
    tickets: closed.tickets,
    commits: closed.commits,
    grants: closed.grants,
    declines: closed.declines,
    cut,
    fullCommits: closed.fullCommits,
    reveals: closed.reveals,
    arrivals: run.arrivals,
  };
  return {
    certificate: await run.certify(closed, transcript),
    transcript,
    roster: input.roster,
    latenciesMs: run.latenciesMs,
  };
}

/**
 * Rounds of asking for notes and for certificates: some have noted or seen the job by then, so to give it up early would hold its
 * client's next orders up until its time is over (docs/decisions/0021-delivered-work-is-paid.md).
 */
const attempts = 3;

class ShardRun {
  /** Of stages that go on without the client: they end by their deadlines. */
  readonly #untilDone = new AbortController().signal;
  readonly arrivals: ArrivalRecord[] = [];
  readonly latenciesMs = new Map<NodeId, number>();
  readonly #components: ShardJobComponents;
  readonly #input: ShardJobInput;

  constructor(components: ShardJobComponents, input: ShardJobInput) {
    this.#components = components;
    this.#input = input;
  }

  /** Collects the tickets and draws the shard. */
  async open(): Promise<SealedJob> {
    const { order, roster, rosterHash, signal } = this.#input;
    const request = encode({ order, roster: rosterHash });
    const timeoutMs = Math.max(2_000, roster.parameters.sealedDeadlineMs / 2);
    const ticketOf = async (validator: NodeId): Promise<Ticket> =>
      (await this.#ask(validator, protocols.ticket, request, ticketResponseSchema, timeoutMs, signal)).ticket;
    let tickets: Ticket[];
    try {
      tickets = await Promise.all(ticketValidators(roster, jobIdOf(order.body)).map(ticketOf));
    } catch (cause) {
      signal.throwIfAborted();
      throw new MoeError('no-quorum', 'A validator gave no ticket. Nothing was charged. Try again.', {
        isRetryable: true,
        cause,
      });
    }
    return openJob(order, roster, tickets);
  }

  async sealed(opened: SealedJob): Promise<SealedJob> {
    const { order, roster, rosterHash, text, signal } = this.#input;
    const { task } = this.#components.view;
    const question = task.question(text, opened.draw.seed, roster.parameters);
    if (question === undefined)
      throw new MoeError(
        'input-too-short',
        task.tooShort(text, roster.parameters) ?? 'The text is too short.',
      );
    const request = encode({ order, roster: rosterHash, tickets: opened.tickets, kept: question.kept });
    let job = opened;
    const deadlineMs = roster.parameters.sealedDeadlineMs;
    const startedMs = this.#components.clock.steadyMs();
    const answersMs: number[] = [];
    await askSeats({
      seats: job.seats,
      deadlineMs,
      graceMs: roster.parameters.cutGraceMs,
      clock: this.#components.clock,
      signal,
      ask: (seat, over) => this.#ask(seat, protocols.sealed, request, sealedResponseSchema, deadlineMs, over),
      accept: async (_, answer) => {
        if ('commit' in answer) {
          await assertCommitSigned(answer);
          job = this.#receiveCommit(job, answer);
          answersMs.push(this.#components.clock.steadyMs() - startedMs);
          this.latenciesMs.set(answer.commit.body.worker, this.#components.clock.steadyMs() - startedMs);
        } else {
          await assertSigned(declineDomain, answer.decline);
          job = receiveDecline(job, answer.decline);
          if (answer.decline.body.reason !== noTimeReason)
            answersMs.push(this.#components.clock.steadyMs() - startedMs);
        }
      },
      progress: () => sealedProgress(job),
    });
    this.#report(job.seats.length, answersMs, deadlineMs);
    const answered = new Set([...job.commits, ...job.declines].map(({ body }) => body.principal));
    if (answered.size < job.seats.length)
      for (const message of await this.#collectArrivals(job, 'sealed', request))
        job = await takeUp(job, async () => {
          if ('commit' in message) {
            await assertCommitSigned(message);
            return this.#receiveCommit(job, message);
          }
          if (!('decline' in message)) return job;
          await assertSigned(declineDomain, message.decline);
          return receiveDecline(job, message.decline);
        });
    return job;
  }

  async full(opened: FullJob, cut: Transcript['cut']): Promise<FullJob> {
    const { text, salt, roster } = this.#input;
    const request = encode({ job: opened.id, cut, text, salt });
    const seats = opened.commits.map(({ body }) => body.worker);
    const deadlineMs = roster.parameters.fullDeadlineMs;
    const startedMs = this.#components.clock.steadyMs();
    const answersMs: number[] = [];
    let job = opened;
    await askSeats({
      seats,
      deadlineMs,
      graceMs: deadlineMs,
      clock: this.#components.clock,
      signal: this.#untilDone,
      ask: (seat, over) => this.#ask(seat, protocols.full, request, fullResponseSchema, deadlineMs, over),
      accept: async (_, { commit }) => {
        await assertSigned(commitDomain, commit);
        job = receiveFullCommit(job, commit);
        answersMs.push(this.#components.clock.steadyMs() - startedMs);
      },
      progress: () => (job.fullCommits.length === seats.length ? 'all' : 'waiting'),
    });
    this.#report(seats.length, answersMs, deadlineMs);
    if (job.fullCommits.length < seats.length)
      for (const message of await this.#collectArrivals(job, 'full', request, this.#untilDone))
        if ('commit' in message)
          job = await takeUp(job, async () => {
            await assertSigned(commitDomain, message.commit);
            return receiveFullCommit(job, message.commit);
          });
    return job;
  }

  /** Has all validators note the job, asking again who has not: what makes the experts reveal. Rejects with `no-quorum`. */
  async note(
    { order, draw, tickets, commits, grants, declines }: FullJob,
    cut: Cut,
  ): Promise<NodeSignature[]> {
    const { view, clock } = this.#components;
    const { rosterHash: roster } = this.#input;
    const request = encode({ order, roster, tickets, cut, commits, grants, declines });
    const deadlineMs = Math.max(5_000, this.#input.roster.parameters.fullDeadlineMs);
    const bytes = encode([noteDomain, noteOf(order.body, cut.body)]);
    const notes: NodeSignature[] = [];
    const isNoted = (): boolean =>
      mayNote(
        notes.map(({ node }) => node),
        draw,
        view,
      );
    let failures: ReadonlyMap<NodeId, unknown> = new Map();
    for (let attempt = 0; attempt < attempts && !isNoted(); attempt += 1)
      failures = await askSeats({
        seats: view.validators().filter((seat) => notes.every(({ node }) => node !== seat)),
        deadlineMs,
        graceMs: 0,
        clock,
        signal: this.#untilDone,
        ask: (seat, over) => this.#ask(seat, protocols.note, request, noteResponseSchema, deadlineMs, over),
        accept: async (seat, { note }) => {
          if (note.node === seat && (await verifySignatureAsync(seat, bytes, note.signature)))
            notes.push(note);
        },
        progress: () => (isNoted() ? 'all' : 'waiting'),
      });
    if (!isNoted())
      throw new MoeError('no-quorum', 'Too few validators noted the job. Nothing was charged. Try again.', {
        isRetryable: true,
        cause: [...failures.values()][0],
      });
    return notes;
  }

  /** Where too few have sealed their work nobody reveals: what there is cannot be judged. */
  async reveal(opened: RevealJob, cut: Cut, notes: readonly NodeSignature[]): Promise<RevealJob> {
    const { roster } = this.#input;
    const { id: job, fullCommits, grants } = opened;
    const principals = new Set(fullCommits.map(({ body }) => body.principal));
    if (!hasEnoughSealed(opened, principals, cut.body)) return opened;
    const request = encode({ job, fullCommits, grants, notes });
    const deadlineMs = roster.parameters.revealDeadlineMs;
    let run = opened;
    await askSeats({
      seats: opened.fullCommits.map(({ body }) => body.worker),
      deadlineMs,
      graceMs: deadlineMs,
      clock: this.#components.clock,
      signal: this.#untilDone,
      ask: (seat, over) => this.#ask(seat, protocols.reveal, request, revealResponseSchema, deadlineMs, over),
      accept: (_, { reveal }) => {
        assertRevealed(reveal);
        run = receiveReveal(run, reveal);
      },
      progress: () => (run.reveals.length === fullCommits.length ? 'all' : 'waiting'),
    });
    if (run.reveals.length < fullCommits.length)
      for (const message of await this.#collectArrivals(run, 'reveal', request, this.#untilDone))
        if ('reveal' in message)
          run = await takeUp(run, async () => {
            assertRevealed(message.reveal);
            return receiveReveal(run, message.reveal);
          });
    return run;
  }

  /**
   * Certificates are pure: the first body that two thirds of the witnesses sign is the outcome. They are asked again where too few
   * have answered: what is revealed is paid, so to give up would be to pay for nothing.
   */
  async certify({ id, draw }: ClosedJob, transcript: Transcript): Promise<Certificate> {
    const request = encode({ transcript });
    const deadlineMs = certifyMs(this.#input.roster.parameters);
    const voices = witnessVoices({ id, draw });
    let failures: ReadonlyMap<NodeId, unknown> = new Map();
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      failures = await askSeats({
        seats: draw.witnesses,
        deadlineMs,
        graceMs: 0,
        clock: this.#components.clock,
        signal: this.#untilDone,
        ask: (seat, over) =>
          this.#ask(seat, protocols.certify, request, certifyResponseSchema, deadlineMs, over),
        accept: voices.take,
        progress: () => (voices.agreed() === undefined ? 'waiting' : 'all'),
      });
      const agreed = voices.agreed();
      if (agreed !== undefined) return agreed;
    }
    throw new MoeError(
      'no-quorum',
      'Too few witnesses certified the job in time: it is charged only if they do so later. Try again.',
      { isRetryable: true, cause: [...failures.values()][0] },
    );
  }

  /** Seats without an answer have taken all of the time. */
  #report(seats: number, answersMs: readonly number[], deadlineMs: number): void {
    const missing = new Array<number>(Math.max(0, seats - answersMs.length)).fill(deadlineMs);
    this.#components.onStage?.({ answersMs: [...answersMs, ...missing], deadlineMs });
  }

  /** Takes a commit in. One that comes too late because its worker serves another member is evidence. */
  #receiveCommit(job: SealedJob, { commit, grant }: GrantedCommit): SealedJob {
    const other = grant && job.grants.find(({ by }) => by === grant.by);
    if (grant !== undefined && other !== undefined) {
      const statements = [
        { kind: 'grant', signed: other },
        { kind: 'grant', signed: grant },
      ] as const;
      if (equivocationOf(...statements) !== undefined)
        this.#components.onEquivocation?.(statements, job.order.body);
    }
    return receiveCommit(job, commit, grant);
  }

  /** Asks the witnesses what had reached them, once somebody is missing: their records decide who was late. */
  async #collectArrivals(
    job: SealedJob | FullJob | RevealJob,
    stage: JobStage,
    asked: Uint8Array,
    signal = this.#input.signal,
  ) {
    const request = encode({ job: job.id, stage, opening: openingBytes(job), asked });
    const timeoutMs = testimonyMs(stage, job.roster.parameters);
    const answers = await Promise.allSettled(
      job.draw.witnesses.map(async (witness) => {
        const { record, messages } = await this.#ask(
          witness,
          protocols.arrivals,
          request,
          arrivalsResponseSchema,
          timeoutMs,
          signal,
        );
        // A record that is none would spoil the transcript: the other witnesses would refuse to certify it.
        const isRecord = record.by === witness && record.body.job === job.id && record.body.stage === stage;
        if (isRecord && (await verifyBodyAsync(arrivalDomain, record))) this.arrivals.push(record);
        return messages;
      }),
    );
    return answers.flatMap((answer) =>
      answer.status === 'fulfilled'
        ? answer.value.flatMap((message) => arrivedMessageSchema.safeParse(message).data ?? [])
        : [],
    );
  }

  #ask<Answer>(
    to: NodeId,
    protocol: string,
    request: Uint8Array,
    answer: Parameters<typeof call<Answer>>[4],
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Answer> {
    return call(this.#components.transport, to, protocol, request, answer, { timeoutMs, signal });
  }
}

/** A message that a witness passed on, if it still belongs; otherwise the job stays as it is. */
async function takeUp<Job>(job: Job, receive: () => Promise<Job>): Promise<Job> {
  try {
    return await receive();
  } catch {
    return job;
  }
}
