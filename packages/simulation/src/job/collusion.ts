import type { SimulatedExpert } from '../population/expert.ts';
import type { Seat } from '../state/decided-job.ts';

/**
 * Factor of a worker's loss when judges of its own ring bend their views of the hidden pieces towards what its answer
 * has beyond theirs. Targets are means over the *other* judges, so what counts is the ring's share among those.
 * Fitted to the protocol's own scoring of such vectors (scripts/measure-bending.ts, within 0.1 of each figure there):
 * with one fellow among four others a bend of 0.4 halves the loss, and one of 1 leaves 22 %; the losses of those
 * outside the ring do not change, and nobody was found dissenting.
 */
export function ringFactor(worker: SimulatedExpert, seat: Seat, judges: readonly Seat[]): number {
  let fellows = 0;
  let others = 0;
  let bend = 0;
  for (const judge of judges) {
    if (judge === seat) continue;
    others += 1;
    const { group, settings } = judge.worker!;
    if (settings.bend === 0 || group !== worker.group) continue;
    fellows += 1;
    bend = settings.bend;
  }
  return fellows === 0 ? 1 : 1 / (1 + 3.5 * ((4 * fellows) / others) ** 0.65 * bend ** 1.3);
}
