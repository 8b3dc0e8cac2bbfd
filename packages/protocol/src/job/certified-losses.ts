import { excessUnits, lossUnitsPerDatum, type WorkerLoss } from '../scoring/standings.ts';
import type { CertificateBody, CertifiedDatum } from './certificate.ts';

/** A loss in the units of the table of places, rounded to a whole one. */
export function lossUnits([worse, compared]: readonly [number, number]): number {
  return Math.round((worse * lossUnitsPerDatum) / compared);
}

/** What of a certificate says how its workers did. */
export type CertifiedOutcome = Pick<CertificateBody, 'members' | 'place'> & {
  readonly data: readonly Pick<CertifiedDatum, 'winner'>[];
};

/**
 * What one datum of a certificate adds to the table of places: the loss of every worker that was scored, and its excess over
 * the paid members it was scored with. Those that judged nobody or were outliers are measured, but no measure.
 */
export function certifiedLosses({ members, place, data }: CertifiedOutcome, datum: number): WorkerLoss[] {
  const units = new Map(
    members.flatMap(({ principal, losses }) => {
      const loss = losses[datum]!;
      return loss === null ? [] : [[principal, lossUnits(loss)] as const];
    }),
  );
  const measures = members.filter(
    ({ principal, outcome, onProbation }) => outcome === 'scored' && !onProbation && units.has(principal),
  );
  return members.flatMap(({ principal, worker }) => {
    const own = units.get(principal);
    if (own === undefined) return [];
    const others = measures.filter((other) => other.principal !== principal);
    return [
      {
        node: worker,
        principal,
        place,
        lossUnits: own,
        excessUnits: excessUnits(
          own,
          others.map((other) => units.get(other.principal)!),
        ),
        won: principal === data[datum]!.winner,
      },
    ];
  });
}
