import { type JobId, MoeError } from '@market-of-experts/core';
import { type CertificateBody, certificateHash } from '@market-of-experts/protocol';
import type { MarketView } from '../view/market-view.ts';

/**
 * By which certificate a job's gateway settles it: that of the first of its orders counts for the others. A job can have two, of its
 * coordinator and of its witnesses alone, and who could settle each order by the one that he likes would choose winners and penalties.
 */
export interface SettledOutcomes {
  /** Throws `order-open` where another certificate of the job has been settled by, as long as one of its orders is open. */
  confirm(body: CertificateBody): void;
}

/** Jobs of which some orders are settled and others open: their clients' sequences are held up. */
const maxJobs = 4_096;

/** As long as the process lives: so long its numbers stand for jobs, too. */
export function settledOutcomes(view: Pick<MarketView, 'prepaid'>): SettledOutcomes {
  const outcomes = new Map<JobId, CertificateBody>();
  const isOpen = ({ data }: CertificateBody): boolean =>
    data.some(({ client, clientSeq }) => clientSeq >= (view.prepaid(client)?.nextOrderSeq ?? 0));
  const forgetSettled = (): void => {
    for (const [job, body] of outcomes) if (!isOpen(body)) outcomes.delete(job);
  };
  return {
    confirm(body) {
      if (body.data.length === 1) return;
      const first = outcomes.get(body.job);
      if (first === undefined) {
        if (outcomes.size >= maxJobs) forgetSettled();
        if (outcomes.size >= maxJobs)
          throw new MoeError('overloaded', 'Too many jobs are settled in part. Try again.', {
            isRetryable: true,
          });
        outcomes.set(body.job, body);
      } else if (certificateHash(first) !== certificateHash(body))
        throw new MoeError('order-open', `Job ${body.job} is settled by another certificate here.`);
    },
  };
}
