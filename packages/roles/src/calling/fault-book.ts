import type { NodeId } from '@market-of-experts/core';
import type { CertificateBody } from '@market-of-experts/protocol';

/** How often an expert's own work was at fault, by place: what working there costs beside the effort. */
export interface FaultBook {
  /** Takes in a certified job; only what the expert worked on for itself counts. */
  observe(body: Pick<CertificateBody, 'members' | 'place'>): void;
  /** Probability that its work at a place is found at fault. */
  rate(place: number): number;
}

interface Count {
  readonly jobs: number;
  readonly faults: number;
}

/** Before there is a record: one fault in fifty jobs, believed as much as ten jobs. */
const prior: Count = { jobs: 10, faults: 0.2 };
/** Jobs at a place that weigh as much as the record everywhere. */
const placeShrinkage = 4;

export function faultBook(self: NodeId): FaultBook {
  const places = new Map<number, Count>();
  let everywhere = prior;
  const add = ({ jobs, faults }: Count, isFault: boolean): Count => ({
    jobs: jobs + 1,
    faults: faults + (isFault ? 1 : 0),
  });
  return {
    observe({ members, place }) {
      const own = members.find(({ principal, worker }) => principal === self && worker === self);
      if (own === undefined || (own.losses.every((loss) => loss === null) && own.slashMicro === 0n)) return;
      const isFault = own.slashMicro > 0n;
      everywhere = add(everywhere, isFault);
      places.set(place, add(places.get(place) ?? { jobs: 0, faults: 0 }, isFault));
    },
    rate(place) {
      const { jobs, faults } = places.get(place) ?? { jobs: 0, faults: 0 };
      return (faults + (placeShrinkage * everywhere.faults) / everywhere.jobs) / (jobs + placeShrinkage);
    },
  };
}
