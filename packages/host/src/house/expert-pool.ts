import type { ExpertStatus } from '@market-of-experts/api/experts';
import { type Hash, hashOf, MoeError, messageOf, type NodeId } from '@market-of-experts/core';
import type { ExpertBackend } from '@market-of-experts/models';
import type { MemoryNetwork, Transport } from '@market-of-experts/network';
import { mostExamDimensions, type Runtime } from '@market-of-experts/protocol';
import type { KeyFile } from '../directory/key-file.ts';
import type { JobFeed } from '../events/job-feed.ts';
import type { MarketExperts } from './market-experts.ts';

/** An expert to run in this process. */
export interface ExpertSpec {
  readonly name: string;
  readonly description: string;
  /** Unit float32 vectors in a space of its own. */
  readonly backend: ExpertBackend;
  /** Of its model: another version is another function. Default: by its name. */
  readonly modelVersion?: Hash;
  /** How steady its vectors are; default `float32`. */
  readonly runtime?: Runtime;
  /** Whether its ask for being called follows demand; default true. */
  readonly isAskAutomatic?: boolean;
}

export function modelVersionOf({ name, modelVersion }: Pick<ExpertSpec, 'name' | 'modelVersion'>): Hash {
  return modelVersion ?? hashOf('moe/model/1', name);
}

/** An expert with its node's one connection, on which it serves every market that is open here. */
export interface ConnectedExpert {
  readonly spec: ExpertSpec;
  readonly node: NodeId;
  readonly transport: Transport;
}

/** A market as the pool sees it. */
interface JoinableMarket {
  readonly market: string;
  readonly experts: MarketExperts;
}

/** This machine's experts: each in every market that is served here. */
export interface ExpertPool {
  /** Asks it once, stakes, registers and serves. Resolves when the expert can be drawn; rejects with what its model rejects with. */
  add(spec: ExpertSpec): Promise<NodeId>;
  /** Shows an expert that is still being trained; `add` ends it. */
  announceTraining(
    name: string,
    description: string,
    progress: { done: number; total: number; loss?: number },
  ): void;
}

/** The pool, as the markets of this process use it. */
export interface HousePool extends ExpertPool {
  /** Brings everybody into a market who is not in it yet; who cannot join is warned of once, and may try again later. */
  join(market: JoinableMarket): Promise<void>;
  /** Experts that are being trained or are joining the first market. */
  waiting(): readonly ExpertStatus[];
  /** Ends background work. */
  stopWork(): Promise<void>;
  close(): Promise<void>;
}

export interface ExpertPoolComponents {
  readonly keys: KeyFile;
  readonly network: MemoryNetwork;
  readonly feed: JobFeed;
  /** Markets that are open, the first one first: who cannot join that one is left out. */
  readonly markets: () => readonly JoinableMarket[];
  readonly onWarning: (message: string) => void;
}

export function createExpertPool(components: ExpertPoolComponents): HousePool {
  const { keys, network, feed, onWarning } = components;
  const connected = new Map<NodeId, ConnectedExpert>();
  const joining = new Map<string, string>();
  const training = new Map<string, string>();
  const warned = new Set<string>();
  const stopped = new AbortController();
  const work = new Set<Promise<unknown>>();

  const track = <Result>(task: Promise<Result>): Promise<Result> => {
    const tracked = task.finally(() => work.delete(tracked));
    work.add(tracked);
    return tracked;
  };
  const nodeOf = (name: string): NodeId => keys.node(`expert-${name}`).publicKey as NodeId;

  /** What another market asks is its owner's affair: who cannot pay it serves the others all the same. */
  const attempt = async (market: string, { spec, node }: ConnectedExpert, task: () => Promise<void>) => {
    const key = `${market}/${node}`;
    try {
      await task();
      warned.delete(key);
    } catch (error) {
      if (stopped.signal.aborted || warned.has(key)) return;
      warned.add(key);
      onWarning(`${spec.name} does not serve "${market}" for now: ${messageOf(error)}`);
    }
  };
  const tryToEnter = ({ market, experts }: JoinableMarket, expert: ConnectedExpert): Promise<void> =>
    attempt(market, expert, () => experts.enter(expert));

  const add = async (spec: ExpertSpec): Promise<NodeId> => {
    stopped.signal.throwIfAborted();
    const node = nodeOf(spec.name);
    if (connected.has(node) || joining.has(spec.name))
      throw new MoeError('already-registered', `The expert "${spec.name}" is in this market already.`);
    if (spec.backend.dimensions > mostExamDimensions)
      throw new MoeError(
        'backend-invalid-output',
        `${spec.name} gives ${spec.backend.dimensions} numbers a text; a market takes ${mostExamDimensions} at most.`,
      );
    training.delete(spec.name);
    joining.set(spec.name, spec.description);
    try {
      const expert: ConnectedExpert = { spec, node, transport: network.connect(node) };
      try {
        await components.markets()[0]!.experts.enter(expert);
        // A market that opens from here on finds the expert by itself.
        connected.set(node, expert);
        joining.delete(spec.name);
      } catch (error) {
        await expert.transport.close();
        throw error;
      }
      for (const market of components.markets().slice(1)) await tryToEnter(market, expert);
    } finally {
      joining.delete(spec.name);
    }
    const status = components
      .markets()[0]!
      .experts.status()
      .find(({ id }) => id === node);
    if (status !== undefined) feed.publish({ type: 'expert-joined', expert: status });
    return node;
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

  return {
    add: (spec) => track(add(spec)),
    join: (market) =>
      track(
        (async () => {
          for (const expert of connected.values())
            if (!stopped.signal.aborted) await tryToEnter(market, expert);
        })(),
      ),
    waiting: () => [
      ...[...joining].map(([name, description]) => waitingStatus(name, description, 'joining')),
      ...[...training].map(([name, description]) => waitingStatus(name, description, 'training')),
    ],
    announceTraining(name, description, progress) {
      training.set(name, description);
      feed.publish({ type: 'training-progressed', name, ...progress });
    },
    async stopWork() {
      stopped.abort(new MoeError('market-closed', 'The market is closing.'));
      await Promise.allSettled(work);
    },
    async close() {
      for (const { transport } of connected.values()) await transport.close();
      connected.clear();
    },
  };
}
