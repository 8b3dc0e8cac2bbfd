import type { JobId, NodeId } from '@market-of-experts/core';
import type { NotedProposal, ProposalNotes } from '@market-of-experts/roles/settlement/noted-proposal';
import type { CertifiedJob, ClaimStore } from '@market-of-experts/roles/validator/claim-book';

/** What a validator of a test keeps: it outlives the role, as a disk outlives a process. */
export interface MemoryDisk {
  readonly claimStore: ClaimStore;
  readonly notes: ProposalNotes;
}

export function memoryDisk(): MemoryDisk {
  return { claimStore: memoryClaims(), notes: memoryNotes() };
}

function memoryClaims(): ClaimStore {
  const kept = new Map<JobId, CertifiedJob>();
  const keyOf = ({ certificate: { body } }: CertifiedJob): JobId => body.job;
  return {
    load: () => [...kept.values()],
    put: (claim) => void kept.set(keyOf(claim), claim),
    remove: (claim) => void kept.delete(keyOf(claim)),
  };
}

function memoryNotes(): ProposalNotes {
  const kept = new Map<NodeId, NotedProposal>();
  return {
    last: async (gateway) => kept.get(gateway),
    save: async (note) => void kept.set(note.gateway, note),
  };
}
