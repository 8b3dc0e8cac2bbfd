import type { CertifiedJob, ClaimStore } from '@market-of-experts/roles/validator/claim-book';
import type { StandInNote, StandInNotes } from '@market-of-experts/roles/validator/overdue-orders';

/** What a validator of a test keeps: it outlives the role, as a disk outlives a process. */
export interface MemoryDisk {
  readonly claimStore: ClaimStore;
  readonly notes: StandInNotes;
}

export function memoryDisk(): MemoryDisk {
  return { claimStore: memoryClaims(), notes: memoryNotes() };
}

function memoryClaims(): ClaimStore {
  const kept = new Map<string, CertifiedJob>();
  const keyOf = ({ certificate: { body } }: CertifiedJob): string => `${body.client}/${body.clientSeq}`;
  return {
    load: () => [...kept.values()],
    put: (claim) => void kept.set(keyOf(claim), claim),
    remove: (claim) => void kept.delete(keyOf(claim)),
  };
}

function memoryNotes(): StandInNotes {
  let kept: readonly StandInNote[] = [];
  return {
    load: () => kept,
    save: (notes) => {
      kept = notes;
    },
  };
}
