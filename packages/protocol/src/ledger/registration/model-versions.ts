import { LEDGER_LIMITS as limits } from '../../fields/limits.ts';
import { modelVersionHash } from '../../statements/version-hash.ts';
import { leaving, ownedBacking } from '../staking/pots.ts';
import type { Expert } from '../state/node-records.ts';
import { expertKey, type StateView } from '../state/state.ts';
import { APPLIED, type Applied, type Refused, refused } from '../transaction/outcome.ts';
import type { TransactionOf } from '../transaction/transaction.ts';

/** Epochs, with the one in which it begins, for which a changed version sits unpaid like a newcomer. */
export const versionProbationEpochs = 2;

/**
 * Says openly that an expert is another function from now on. Versions that can still be punished are kept, so nobody is rid of a
 * contradiction by changing; where there are as many of them as the ledger remembers, the next one waits.
 */
export function applySetModelVersion(
  view: StateView,
  tx: TransactionOf<'setModelVersion'>,
): Applied | Refused {
  const target = { role: 'expert', market: tx.market, node: tx.node } as const;
  const backing = ownedBacking(view, tx.from, target);
  if ('applied' in backing) return backing;
  if (backing.leavesAtEpoch !== undefined) return leaving(target, backing);
  const expert = backing as Expert;
  const { epoch, liability } = view.network.get('network')!;
  const versions = expert.versions ?? [];
  const kept = versions.filter(
    (_, index) => (versions[index + 1]?.fromEpoch ?? epoch) >= liability.since.epoch,
  );
  const hash = modelVersionHash(tx.version);
  if (kept.some(({ version }) => modelVersionHash(version) === hash))
    return refused(
      'already-registered',
      `Node ${tx.node} has had this model version: statements under it would mix. Make a fresh text key.`,
    );
  if (kept.length >= limits.versionsPerExpert)
    return refused(
      'limit-reached',
      `Node ${tx.node} had ${kept.length} model versions in the time that can be punished; the next one waits for that to move on.`,
    );
  view.experts.set(expertKey(tx.market, tx.node), {
    ...expert,
    versions: [...kept, { version: tx.version, fromEpoch: epoch }],
  });
  return APPLIED;
}

/** Whether its present version is so new that it is judged and not paid; never the first that it had. */
export function isProvingVersion({ versions = [] }: Expert, epoch: number): boolean {
  const latest = versions.at(-1);
  return versions.length > 1 && epoch < latest!.fromEpoch + versionProbationEpochs;
}
