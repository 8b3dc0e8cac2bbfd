import type { OwnedJob } from './job-feed.ts';

/** Parts are asked at once, so their tallies open together. */
const togetherMs = 1_000;
const keptGroups = 256;

interface Group {
  readonly id: string;
  readonly job: OwnedJob;
  readonly workers: Set<string>;
}

/**
 * Tells which tallies are of the same texts: each part of an edition signs one of its own, and nothing in them names the others. Those
 * of one client that were opened together, each of another part, get one id: the receipt of the first, which says nothing of who pays.
 */
export function tallyGroups(): (owned: OwnedJob) => OwnedJob {
  const groups: Group[] = [];
  return (owned) => {
    const { job } = owned;
    const worker = job.winner;
    if (job.mode !== 'route' || worker === undefined) return owned;
    let group = groups.find((each) => isSame(each.job, owned) && !each.workers.has(worker));
    if (group === undefined) {
      group = { id: job.receiptId, job: owned, workers: new Set() };
      groups.unshift(group);
      if (groups.length > keptGroups) groups.pop();
    }
    group.workers.add(worker);
    return { ...owned, job: { ...job, together: group.id } };
  };
}

function isSame(a: OwnedJob, b: OwnedJob): boolean {
  return (
    a.text.owner === b.text.owner &&
    a.text.isTextPublic === b.text.isTextPublic &&
    a.job.market === b.job.market &&
    a.job.kind === b.job.kind &&
    Math.abs(a.job.atMs - b.job.atMs) <= togetherMs
  );
}
