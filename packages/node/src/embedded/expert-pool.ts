import {
  type Amount,
  type Clock,
  type MarketId,
  MoeError,
  messageOf,
  type NodeId,
  type Random,
} from '@moe/core';
import type { ExpertBackend } from '@moe/experts';
import { type CalibrationPiece, type CalibrationStore, chunkPieces } from '@moe/history';
import type { EmbeddedLedger } from '@moe/ledger';
import type { MemoryNetwork, Transport } from '@moe/network';
import { type CertificateBody, calibrationRoot, lossUnitsPerJob, type MarketParameters } from '@moe/protocol';
import { type ExpertRole, expertRole } from '../expert/expert-role.ts';
import type { LedgerView } from '../market/ledger-view.ts';
import { callsOf, type OrderTotals } from '../market/standings-file.ts';
import type { ExpertStatus } from '../market-service.ts';
import { askPricing } from './ask-pricing.ts';
import { enrolExpert, expertStakeMicro } from './bootstrap.ts';
import { publishNextChunk } from './calibrate.ts';
import type { JobFeed } from './job-feed.ts';
import type { KeyFile } from './key-file.ts';

/** An expert to run in this process. */
export interface ExpertSpec {
  readonly name: string;
  readonly description: string;
  /** Unit float32 vectors in the market's space. */
  readonly backend: ExpertBackend;
  /** Held-out cosine of the alignment, if it is aligned. */
  readonly alignment?: number;
  /** Whether its ask for being called follows demand; default true. */
  readonly isAskAutomatic?: boolean;
}

export interface ExpertPool {
  /** Calibrates, stakes, registers and serves. Resolves when the expert can be drawn. */
  add(spec: ExpertSpec): Promise<NodeId>;
  isOnline(node: NodeId): boolean;
  /** Takes in a certified job, by which asks are set. */
  observe(body: CertificateBody): void;
  status(): readonly ExpertStatus[];
  /** Shows an expert that is still being trained; `add` ends it. */
  announceTraining(
    name: string,
    description: string,
    progress: { done: number; total: number; loss?: number },
  ): void;
  /** Publishes more calibration vectors of everybody, up to `pieces` each, in small steps. */
  growCalibration(pieces: number, signal: AbortSignal): Promise<void>;
  /** Ends background work. */
  stopWork(): Promise<void>;
  close(): Promise<void>;
}

export interface ExpertPoolComponents {
  readonly market: MarketId;
  readonly keys: KeyFile;
  readonly embedded: EmbeddedLedger;
  readonly network: MemoryNetwork;
  readonly view: LedgerView;
  readonly calibration: CalibrationStore;
  readonly pieces: readonly CalibrationPiece[];
  readonly parameters: MarketParameters;
  readonly feed: JobFeed;
  readonly clock: Clock;
  readonly random: Random;
  readonly onWarning: (message: string) => void;
  /** Settled orders so far, with the calls to friends. */
  readonly totals: () => OrderTotals;
}

interface Running {
  readonly spec: ExpertSpec;
  readonly role: ExpertRole;
  readonly transport: Transport;
}

export function createExpertPool(components: ExpertPoolComponents): ExpertPool {
  const { market, keys, embedded, network, view, calibration, pieces, parameters, feed } = components;
  const running = new Map<NodeId, Running>();
  const joining = new Map<string, string>();
  const training = new Map<string, string>();
  const stopped = new AbortController();
  const work = new Set<Promise<unknown>>();

  const track = <Result>(task: Promise<Result>): Promise<Result> => {
    const tracked = task.finally(() => work.delete(tracked));
    work.add(tracked);
    return tracked;
  };
  const nodeOf = (name: string): NodeId => keys.node(`expert-${name}`).publicKey as NodeId;
  const ownerBalance = (name: string): Amount =>
    embedded.ledger.account(keys.owner(`expert-${name}-owner`).address).balanceMicro;

  const enrol = async (name: string): Promise<void> => {
    const node = nodeOf(name);
    await enrolExpert(embedded, keys, market, name, {
      count: calibration.count(node),
      root: calibrationRoot(calibration.chunkHashes(node)),
    });
    view.refresh();
  };

  const add = async (spec: ExpertSpec): Promise<NodeId> => {
    stopped.signal.throwIfAborted();
    const node = nodeOf(spec.name);
    if (running.has(node) || joining.has(spec.name))
      throw new MoeError('already-registered', `The expert "${spec.name}" is in this market already.`);
    if (spec.backend.dimensions !== parameters.dimensions)
      throw new MoeError(
        'backend-invalid-output',
        `${spec.name} gives ${spec.backend.dimensions} numbers a text; this market's space has ${parameters.dimensions}. Align it first.`,
      );
    training.delete(spec.name);
    joining.set(spec.name, spec.description);
    try {
      if (calibration.count(node) < chunkPieces)
        await publishNextChunk(node, spec.backend, pieces, calibration, stopped.signal);
      await enrol(spec.name);
      const transport = network.connect(node);
      const role = expertRole({ keys: keys.node(`expert-${spec.name}`), quietMs: 0 })({
        transport,
        backend: spec.backend,
        view,
        clock: components.clock,
        random: components.random,
      });
      running.set(node, { spec, role, transport });
      view.refresh();
    } finally {
      joining.delete(spec.name);
    }
    feed.publish({ type: 'expert-joined', expert: statusOf(node, spec) });
    return node;
  };

  const statusOf = (node: NodeId, spec: ExpertSpec): ExpertStatus => {
    const { standings } = view.standings();
    const { jobs, lossUnits, wins } = standings.of(node, 0).global;
    const { stakeMicro, askBps } = embedded.ledger.expert(market, node) ?? { stakeMicro: 0n, askBps: 0 };
    const calls = callsOf(components.totals(), node);
    const onProbation = view.current().roster.experts.find((expert) => expert.node === node)?.onProbation;
    return {
      id: node,
      name: spec.name,
      description: spec.description,
      state: onProbation === undefined ? 'offline' : onProbation ? 'probation' : 'serving',
      jobs,
      wins,
      callsMade: { jobs: calls.made, wins: calls.madeWon },
      callsAnswered: { jobs: calls.answered, wins: calls.answeredWon },
      askBps,
      ...(jobs === 0 ? {} : { meanLoss: lossUnits / jobs / lossUnitsPerJob(parameters) }),
      earnedMicro: ownerBalance(spec.name),
      slashedMicro: expertStakeMicro - stakeMicro,
      stakeMicro,
      ...(spec.alignment === undefined ? {} : { alignment: spec.alignment }),
    };
  };
  const waitingStatus = (name: string, description: string, state: 'training' | 'joining'): ExpertStatus => ({
    id: nodeOf(name),
    name,
    description,
    state,
    jobs: 0,
    wins: 0,
    callsMade: { jobs: 0, wins: 0 },
    callsAnswered: { jobs: 0, wins: 0 },
    askBps: 0,
    earnedMicro: 0n,
    slashedMicro: 0n,
    stakeMicro: 0n,
  });

  const pricing = askPricing(
    () =>
      [...running.values()]
        .filter(({ spec }) => spec.isAskAutomatic !== false)
        .map(({ spec, role }) => ({
          role,
          askBps: () => embedded.ledger.expert(market, role.id)?.askBps ?? 0,
          publish: (askBps) => track(publishAsk(spec.name, role.id, askBps)),
        })),
    (error) => {
      if (!stopped.signal.aborted) components.onWarning(`An ask could not be changed: ${messageOf(error)}`);
    },
  );
  const publishAsk = async (name: string, node: NodeId, askBps: number): Promise<void> => {
    const owner = keys.owner(`expert-${name}-owner`);
    await embedded.ledger.transact(owner, { kind: 'updateExpert', market, node, askBps });
    view.refresh();
  };

  return {
    add: (spec) => track(add(spec)),
    isOnline: (node) => running.has(node),
    observe: (body) => {
      for (const { role } of running.values()) role.observe(body);
      if (!stopped.signal.aborted) pricing.observe(body);
    },
    status: () => [
      ...[...running].map(([node, { spec }]) => statusOf(node, spec)),
      ...[...joining].map(([name, description]) => waitingStatus(name, description, 'joining')),
      ...[...training].map(([name, description]) => waitingStatus(name, description, 'training')),
    ],
    announceTraining(name, description, progress) {
      training.set(name, description);
      feed.publish({ type: 'training-progressed', name, ...progress });
    },
    growCalibration: (target, signal) =>
      track(
        (async () => {
          const ended = AbortSignal.any([signal, stopped.signal]);
          const failed = new Set<NodeId>();
          for (let isGrowing = true; isGrowing && !ended.aborted; ) {
            isGrowing = false;
            for (const [node, { spec }] of running) {
              if (ended.aborted || failed.has(node) || calibration.count(node) + chunkPieces > target)
                continue;
              try {
                if (!(await publishNextChunk(node, spec.backend, pieces, calibration, ended, 16))) continue;
                await enrol(spec.name);
                isGrowing = true;
              } catch (error) {
                // It goes on with what it has published; the others need not wait for it.
                failed.add(node);
                if (!ended.aborted)
                  components.onWarning(`${spec.name} publishes no more vectors for now: ${messageOf(error)}`);
              }
            }
          }
        })(),
      ),
    async stopWork() {
      stopped.abort(new MoeError('market-closed', 'The market is closing.'));
      await Promise.allSettled(work);
    },
    async close() {
      for (const { transport } of running.values()) await transport.close();
      running.clear();
    },
  };
}
