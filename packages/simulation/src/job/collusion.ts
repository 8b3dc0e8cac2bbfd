import type { Expert } from '../population/expert.ts';
import type { Seat } from './sealed-stage.ts';

/**
 * What judges do to a loss by bending their views of the hidden pieces. A target is the mean view of the *other*
 * judges, so a judge of the same group turns it towards a fellow, and away from everybody else, by its share among
 * them times `bend`.
 */
export function bendOf(worker: Expert, seat: Seat, judges: readonly Seat[]): number {
  let shift = 0;
  let others = 0;
  for (const judge of judges) {
    if (judge === seat) continue;
    others += 1;
    const { group, settings } = judge.worker!;
    if (settings.bend > 0) shift += group === worker.group ? -settings.bend : settings.bend;
  }
  return others === 0 ? 0 : shift / others;
}
