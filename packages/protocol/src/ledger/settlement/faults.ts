import type { Expert } from '../state/node-records.ts';
import type { StateView } from '../state/state.ts';

/** So many faulty epochs count at most: penalties for absence end at a share of the stake anyway. */
const mostFaultyEpochs = 1_000;

/**
 * Epochs in a row before `epoch` in which a settlement punished the expert. Each epoch without halves them, so that
 * what was an accident is soon forgotten.
 */
export function faultyEpochs({ faults }: Pick<Expert, 'faults'>, epoch: number): number {
  if (faults === undefined) return 0;
  if (epoch <= faults.epoch) return faults.before;
  const quietEpochs = epoch - faults.epoch - 1;
  return quietEpochs > 31 ? 0 : Math.min(mostFaultyEpochs, faults.before + 1) >> quietEpochs;
}

/** Notes that a settlement of the running epoch punishes the expert: counted once an epoch, from the next one on. */
export function noteFault(view: StateView, key: string): void {
  const expert = view.experts.get(key)!;
  const { epoch } = view.network.get('network')!;
  if (expert.faults?.epoch === epoch) return;
  view.experts.set(key, { ...expert, faults: { before: faultyEpochs(expert, epoch), epoch } });
}
