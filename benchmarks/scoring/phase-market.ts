import {
  generateOwnerKey,
  hashOf,
  keyPairFromSeed,
  type MarketId,
  type NodeId,
  ownerKeyFromPrivate,
  sha256,
  signBody,
} from '@market-of-experts/core';
import { fitPlaces } from '@market-of-experts/history';
import {
  type CertificateBody,
  certifiedLosses,
  certifyJob,
  closeFull,
  closeReveal,
  commitDomain,
  cutDomain,
  cutJob,
  embeddingTask,
  float32Bytes,
  int16Bytes,
  jobIdOf,
  type MarketParameters,
  nearestPlace,
  openJob,
  orderDomain,
  type RevealBody,
  type Roster,
  receiveCommit,
  receiveFullCommit,
  receiveReveal,
  releaseTicket,
  rosterHash,
  Standings,
  saltedDataHash,
  sealFull,
  sealKept,
  signReveal,
  ticketList,
  ticketValidators,
} from '@market-of-experts/protocol';
import type { Encoder } from './encoders.ts';
import type { EvaluationJob, EvaluationSet } from './evaluation-set.ts';
import { quantiseEncoder } from './panel-loss.ts';

/** Changes what a member says at the end; its seals are out by then. */
export type Liar = (
  reveal: RevealBody,
  sees: { readonly kept: Int16Array; readonly pieces: readonly Int16Array[] },
) => RevealBody;

export interface PhaseMarketInit {
  readonly set: EvaluationSet;
  readonly encoders: readonly Encoder[];
  readonly parameters: MarketParameters;
  /** Decides keys, tickets and hence all draws. */
  readonly seed: string;
  /** Names of encoders that begin on probation. */
  readonly newcomers?: readonly string[];
  readonly liars?: ReadonlyMap<string, Liar>;
  /** 2 to this is the number of jobs that it has tickets for. */
  readonly ticketDepth?: number;
}

/** A market of encoders whose answers are known beforehand, run through the protocol's own phases. */
export interface PhaseMarket {
  readonly parameters: MarketParameters;
  nameOf(node: NodeId): string;
  /** Runs a job from order to certificate and takes its losses into the standings. */
  run(job: EvaluationJob): CertificateBody;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const salt = new Uint8Array(16);
const defaultTicketDepth = 11;

export function phaseMarket(init: PhaseMarketInit): PhaseMarket {
  const { set, encoders, parameters, seed, newcomers = [], liars = new Map<string, Liar>() } = init;
  const keysOf = (name: string) => keyPairFromSeed(sha256(bytesOf(`${seed}/${name}`)));
  const experts = encoders.map((encoder) => {
    const keys = keysOf(encoder.name);
    // Each of somebody else: owners have one seat of a job.
    const owner = ownerKeyFromPrivate(sha256(bytesOf(`${seed}/owner of ${encoder.name}`))).address;
    return { encoder, keys, owner, node: keys.publicKey as NodeId, quantised: quantiseEncoder(encoder) };
  });
  const byNode = new Map(experts.map((expert) => [expert.node, expert]));
  const client = ownerKeyFromPrivate(sha256(bytesOf(`${seed}/client`)));
  const coordinator = keysOf('coordinator');
  const validators = Array.from({ length: parameters.witnesses }, (_, index) => {
    const keys = keysOf(`validator ${index}`);
    return {
      keys,
      list: ticketList(hashOf('moe/bench-tickets/1', [seed, index]), init.ticketDepth ?? defaultTicketDepth),
      next: 0,
    };
  });
  const founderCalibration = set.calibration.map(({ text }) => experts[0]!.quantised[text]!);
  const places = fitPlaces(founderCalibration, parameters.places);
  const marketOwner = generateOwnerKey().address;
  let standings = Standings.empty;
  let clientSeq = 0;

  const rosterNow = (): Roster => ({
    network: 'bench',
    market: 'text-embedding' as MarketId,
    marketOwner,
    beacon: hashOf('moe/bench-beacon/1', seed),
    batch: clientSeq,
    parameters,
    placesHash: places.hash,
    calibrationHash: hashOf('moe/bench-calibration/1', set.calibration.length),
    experts: experts.map(({ node, owner, encoder }) => ({
      node,
      owner,
      askMicroPerKilobyte: 1_000_000n,
      askBps: 5_000,
      stakeMicro: parameters.minimumStakeMicro,
      faultyEpochs: 0,
      onProbation:
        newcomers.includes(encoder.name) && standings.of(node, 0).global.jobs < parameters.probationJobs,
      calibrationCount: set.calibration.length,
      calibrationRoot: hashOf('moe/bench-calibration/1', node),
    })),
    validators: validators.map(({ keys, list }) => ({
      node: keys.publicKey as NodeId,
      stakeMicro: 1_000_000n,
      ticketRoot: list.root,
    })),
  });

  const run = (job: EvaluationJob): CertificateBody => {
    const roster = rosterNow();
    const text = set.texts[job.full]!;
    const order = signBody(client, orderDomain, {
      network: roster.network,
      market: roster.market,
      client: client.address,
      clientSeq,
      coordinator: coordinator.publicKey as NodeId,
      dataHash: saltedDataHash(text, salt),
      bytes: Buffer.byteLength(text),
      maxFeeMicro: 1_000_000_000n,
      tipMicro: 0n,
      deadlineMs: 20_000,
    });
    clientSeq += 1;
    const id = jobIdOf([order.body]);
    const tickets = ticketValidators(roster, id).map((duty) => {
      const validator = validators.find(({ keys }) => keys.publicKey === duty)!;
      validator.next += 1;
      return releaseTicket(validator.keys, validator.list, validator.next - 1, id);
    });
    let sealed = openJob([order], roster, tickets);
    const seats = sealed.seats.map((node) => {
      const { keys, encoder, quantised } = byNode.get(node)!;
      const author = { job: sealed.id, principal: node, worker: node };
      const kept = quantised[job.kept]!;
      return {
        keys,
        author,
        kept,
        encoder,
        quantised,
        keptSalt: sha256(bytesOf(`${node}/${sealed.id}`)).slice(0, 16),
      };
    });
    for (const { keys, author, kept, keptSalt } of seats)
      sealed = receiveCommit(
        sealed,
        signBody(keys, commitDomain, {
          ...author,
          stage: 'sealed' as const,
          seal: sealKept(author, int16Bytes(kept), keptSalt),
        }),
      );
    const cut = signBody(coordinator, cutDomain, {
      job: sealed.id,
      seals: sealed.commits.map(({ body }) => body.seal),
    });
    // From here on everybody knows the hidden half, and nobody can change the first seal.
    let full = cutJob(sealed);
    const reveals = seats.map(({ keys, author, kept, keptSalt, encoder, quantised }) => {
      const pieces = job.pieces.map((piece) => quantised[piece]!);
      const answer = {
        kept: int16Bytes(kept),
        pieces: pieces.map(int16Bytes),
        full: float32Bytes(encoder.vectors[job.full]!),
      };
      const seal = sealFull(author, answer, keptSalt);
      full = receiveFullCommit(
        full,
        signBody(keys, commitDomain, { ...author, stage: 'full' as const, seal }),
      );
      const honest: RevealBody = { ...author, ...answer, keptSalt, fullSalt: keptSalt };
      return signReveal(keys, liars.get(encoder.name)?.(honest, { kept, pieces }) ?? honest);
    });
    let reveal = closeFull(full);
    for (const message of reveals) reveal = receiveReveal(reveal, message);
    const closed = closeReveal(reveal);
    const certificate = certifyJob(
      closed,
      {
        orders: [order],
        roster: rosterHash(roster),
        tickets,
        commits: closed.commits,
        grants: [],
        declines: closed.declines,
        cut,
        fullCommits: closed.fullCommits,
        reveals: closed.reveals,
        arrivals: [],
      },
      {
        task: embeddingTask({
          calibration: (node, index) => byNode.get(node)!.quantised[set.calibration[index]!.text]!,
          placeOf: (sum) => nearestPlace(places, sum),
          isExcluded: (index) => set.calibration[index]!.document === job.documentId,
        }),
        standing: (node, place) => standings.of(node, place),
      },
    );
    standings = standings.with(certifiedLosses(certificate, 0, parameters));
    return certificate;
  };

  return { parameters, nameOf: (node) => byNode.get(node)!.encoder.name, run };
}
