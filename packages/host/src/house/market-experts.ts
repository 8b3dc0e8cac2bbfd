import type { ExpertStatus } from '@market-of-experts/api/experts';
import {
  type Clock,
  type Hash,
  MoeError,
  messageOf,
  type NodeId,
  type Random,
} from '@market-of-experts/core';
import type { ExpertBackend } from '@market-of-experts/models';
import { scopedTransport, type Transport } from '@market-of-experts/network';
import type { CertificateBody, EditionPart, TransactionKind } from '@market-of-experts/protocol';
import { type ExpertRole, expertRole } from '@market-of-experts/roles/expert/expert-role';
import type { SignerOf } from '@market-of-experts/roles/signing/guarded-signer';
import type { SpokenVersion } from '@market-of-experts/roles/statements/spoken-version';
import type { TaskSkill } from '@market-of-experts/roles/tasks/task-skill';
import type { PresenceBook } from '@market-of-experts/roles/view/presence';
import { askPricing } from './ask-pricing.ts';
import { enrolExpert, expertOwner, type JoiningAllowance } from './enrol-expert.ts';
import { type ConnectedExpert, modelVersionOf } from './expert-pool.ts';
import { type ExpertStatusComponents, expertStatus } from './expert-status.ts';
import { probeVectors, versionToSpeak } from './speak-version.ts';
import type { TextKeys } from './text-keys.ts';

/** This machine's experts in one market. */
export interface MarketExperts {
  /** Stakes, registers and serves; once, however often it is asked. Resolves when the expert can be drawn. */
  enter(expert: ConnectedExpert): Promise<void>;
  /** Whether this part's expert serves and stays, and has the model that the edition names. */
  isPartHere(part: EditionPart): boolean;
  /** Which model an expert answers with: as the ledger says, or where it says nothing, of this process. */
  modelOf(node: NodeId): Hash | undefined;
  /** Takes in a certified job, by which asks are set. */
  observe(body: CertificateBody): void;
  status(): readonly ExpertStatus[];
  /** Resolves when no registration or change of an ask is under way; none begins any more. */
  stopWork(): Promise<void>;
  /** Serves no more in this market. */
  close(): Promise<void>;
}

export interface MarketExpertsComponents extends ExpertStatusComponents {
  /** In a market of others. */
  readonly allowance?: JoiningAllowance | undefined;
  readonly signerOf: SignerOf;
  /** Where they say that they can be drawn. */
  readonly presence: PresenceBook;
  readonly textKeys: TextKeys;
  /** What a model can do in this market. */
  readonly skillOf: (backend: ExpertBackend) => TaskSkill;
  readonly clock: Clock;
  readonly random: Random;
  readonly onWarning: (message: string) => void;
  /** An expert that served is no longer registered, or on its way out: it is drawn no more. */
  readonly onLeft: (expert: ExpertStatus) => void;
}

/** Kinds after which an expert may no longer be there. */
const changesRegistrations: ReadonlySet<TransactionKind> = new Set([
  'deregister',
  'registerExpert',
  'rotate',
  'endEpoch',
  'evidence',
  'closeMarket',
]);

interface Serving {
  readonly expert: ConnectedExpert;
  readonly role: ExpertRole;
  readonly scope: Transport;
  readonly spoken: SpokenVersion;
}

export function marketExperts(components: MarketExpertsComponents): MarketExperts {
  const { market, keys, embedded, view, presence } = components;
  const serving = new Map<NodeId, Serving>();
  /** Of those that serve, who is registered and stays. */
  const registered = new Set<NodeId>();
  const entering = new Map<NodeId, Promise<void>>();
  const work = new Set<Promise<unknown>>();
  let isStopped = false;
  const stopped = new AbortController();

  const track = <Result>(task: Promise<Result>): Promise<Result> => {
    const tracked = task.finally(() => work.delete(tracked));
    work.add(tracked);
    return tracked;
  };

  const ownerOf = (name: string) => expertOwner(keys, { market, name });
  const enrol = async (name: string, { version }: SpokenVersion): Promise<void> => {
    await enrolExpert(embedded, { keys, market, name, version, allowance: components.allowance });
    view.refresh();
  };

  const versionOf = async ({ spec, node }: ConnectedExpert, skill: TaskSkill): Promise<SpokenVersion> => {
    return versionToSpeak(
      {
        market,
        name: spec.name,
        model: {
          model: modelVersionOf(spec),
          runtime: spec.runtime ?? { class: 'float32' },
          dimensions: spec.backend.dimensions,
          // Models read as far as they do, of texts that are not cut into windows yet.
          windows: 1,
        },
        probes: await probeVectors(skill, view.task, stopped.signal),
        announced: embedded.ledger.expert(market, node)?.versions ?? [],
      },
      { keys: components.textKeys, random: components.random, onWarning: components.onWarning },
    );
  };
  const enter = async (expert: ConnectedExpert): Promise<void> => {
    const { spec, node } = expert;
    const skill = components.skillOf(spec.backend);
    const spoken = await versionOf(expert, skill);
    await enrol(spec.name, spoken);
    if (isStopped) return;
    const scope = scopedTransport(expert.transport, market);
    const role = expertRole({ signer: components.signerOf(keys.node(`expert-${spec.name}`)) })({
      transport: scope,
      skill,
      view,
      clock: components.clock,
      random: components.random,
      presence,
      statements: { spoken, epoch: () => embedded.ledger.settings().epoch },
    });
    serving.set(node, { expert, role, scope, spoken });
    registered.add(node);
  };

  const publishAsk = async (name: string, node: NodeId, askBps: number): Promise<void> => {
    await embedded.ledger.transact(ownerOf(name), { kind: 'updateExpert', market, node, askBps });
    view.refresh();
  };
  const pricing = askPricing(
    () =>
      [...serving.values()]
        .filter(({ expert }) => expert.spec.isAskAutomatic !== false)
        .map(({ expert, role }) => ({
          role,
          askBps: () => embedded.ledger.expert(market, role.id)?.askBps ?? 0,
          publish: (askBps) => track(publishAsk(expert.spec.name, role.id, askBps)),
        })),
    (error) => {
      if (!isStopped) components.onWarning(`An ask could not be changed: ${messageOf(error)}`);
    },
  );

  const statusOf = (expert: ConnectedExpert): ExpertStatus => expertStatus(components, expert);

  const unsubscribe = embedded.ledger.onApplied(({ transaction }) => {
    if (!changesRegistrations.has(transaction.kind)) return;
    for (const [node, { expert }] of serving) {
      const record = embedded.ledger.expert(market, node);
      if (record !== undefined && record.leavesAtEpoch === undefined) registered.add(node);
      else if (registered.delete(node)) {
        view.refresh();
        components.onLeft(statusOf(expert));
      }
    }
  });

  return {
    async enter(expert) {
      const { node } = expert;
      if (serving.has(node) || isStopped) return;
      const underWay = entering.get(node) ?? track(enter(expert).finally(() => entering.delete(node)));
      entering.set(node, underWay);
      await underWay;
    },
    isPartHere({ node, modelVersion, dimensions }) {
      const spec = serving.get(node)?.expert.spec;
      return (
        spec !== undefined &&
        registered.has(node) &&
        modelVersionOf(spec) === modelVersion &&
        spec.backend.dimensions === dimensions
      );
    },
    modelOf(node) {
      const version = embedded.ledger.expert(market, node)?.versions?.at(-1)?.version;
      const spec = serving.get(node)?.expert.spec;
      return version?.model ?? (spec && modelVersionOf(spec));
    },
    observe(body) {
      for (const { role } of serving.values()) role.observe(body);
      if (!isStopped) pricing.observe(body);
    },
    status: () => [...serving.values()].map(({ expert }) => statusOf(expert)),
    async stopWork() {
      isStopped = true;
      stopped.abort(new MoeError('market-closed', 'The market is closing.'));
      await Promise.allSettled(work);
    },
    async close() {
      unsubscribe();
      for (const [node, { scope }] of serving) {
        presence.leave(node);
        await scope.close();
      }
      serving.clear();
    },
  };
}
