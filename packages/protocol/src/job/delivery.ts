import type { JobParameters } from '../parameters/job-parameters.ts';
import { toNumber } from '../scoring/fraction.ts';
import type { StandingParameters } from '../scoring/standings.ts';
import type { CertificateBody, CertifiedDatum } from './certificate.ts';
import { expectedLoss, isMeasured } from './winner.ts';

type DeliveryParameters = StandingParameters &
  Pick<JobParameters, 'deliveryHistoryWeight' | 'ensembleTemperature'>;

export type Delivery = 'ensemble' | 'expected-best' | 'winner';

/**
 * Weight of each certified member's `e(x)` in what is delivered for a datum, in the certificate's order; they add up to 1
 * (docs/concepts/routing.md), or are all 0 when nobody was scored. `ensemble` weighs by
 * `exp(−(L_j − L_min)/T)` with the expected loss, in which history
 * weighs more (`deliveryHistoryWeight`) than in the winner's rule; `T = 0` is `expected-best`. Not on a money path, so `Math.exp`
 * is allowed here.
 */
export function deliveryWeights(
  certificate: Pick<CertificateBody, 'members'> & {
    readonly data: readonly Pick<CertifiedDatum, 'winner'>[];
  },
  datum: number,
  delivery: Delivery,
  parameters: DeliveryParameters,
): number[] {
  const byHistory = { ...parameters, historyWeight: parameters.deliveryHistoryWeight };
  const losses = certificate.members.map((member) =>
    isMeasured(member, datum) ? toNumber(expectedLoss(member, datum, byHistory)) : Number.POSITIVE_INFINITY,
  );
  const least = Math.min(...losses);
  if (least === Number.POSITIVE_INFINITY) return losses.map(() => 0);
  const best = losses.indexOf(least);
  const temperature = parameters.ensembleTemperature;
  const raw = certificate.members.map((member, index) => {
    if (delivery === 'winner') return member.principal === certificate.data[datum]!.winner ? 1 : 0;
    if (delivery === 'expected-best' || temperature === 0) return index === best ? 1 : 0;
    return Math.exp(-(losses[index]! - least) / temperature);
  });
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  return raw.map((weight) => weight / total);
}
