import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { decode, encode, type Hash, messageOf } from '@market-of-experts/core';
import { damagedFile, readSealed, type SealedKind, writeSealed } from '@market-of-experts/core/files';
import { type Roster, rosterHash, rosterSchema } from '@market-of-experts/protocol';
import { certifiedJobSchema } from '@market-of-experts/roles/messages/protocols';
import type { CertifiedJob, ClaimStore } from '@market-of-experts/roles/validator/claim-book';
import type { z } from 'zod';

const claimKind: SealedKind = { kind: 'claim', version: 2 };
const rosterKind: SealedKind = { kind: 'roster', version: 1 };
const claimName = /^[0-9a-f]{64}\.claim$/;

export interface ClaimFilesInit {
  readonly directory: string;
  readonly rosterOf: (hash: Hash) => Roster | undefined;
  /** Told of the rosters that claims name: without them nobody could check a claim after a restart. */
  readonly remember: (roster: Roster) => void;
  readonly onWarning: (message: string) => void;
}

/** One sealed file for each claim of a validator in a market, and one for each roster that they name. */
export function claimFiles(init: ClaimFilesInit): ClaimStore {
  const { directory, rosterOf, remember, onWarning } = init;
  const at = (name: string): string => join(directory, name);
  const using = new Map<Hash, number>();
  const use = ({ opening: { roster } }: CertifiedJob, by: 1 | -1): number => {
    const left = (using.get(roster) ?? 0) + by;
    if (left > 0) using.set(roster, left);
    else using.delete(roster);
    return left;
  };
  const discard = (name: string): void => {
    try {
      rmSync(at(name), { force: true });
    } catch (error) {
      onWarning(`The file ${at(name)} of a settled job could not be removed: ${messageOf(error)}`);
    }
  };
  return {
    load() {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const { claims, rosters } = readClaimFiles(directory);
      for (const claim of claims) use(claim, 1);
      for (const roster of rosters.values()) remember(roster);
      for (const name of readdirSync(directory))
        if (name.endsWith('.roster') && !rosters.has(name.slice(0, -'.roster'.length) as Hash)) discard(name);
      return claims;
    },
    put(claim) {
      const hash = claim.opening.roster;
      const roster = rosterOf(hash);
      if (roster === undefined) throw new Error(`Roster ${hash} of a certified job is not known.`);
      // The view may forget it before the claim is settled.
      remember(roster);
      if (!using.has(hash)) writeSealed(at(rosterName(hash)), rosterKind, encode(roster));
      writeSealed(at(nameOf(claim)), claimKind, encode(claim));
      use(claim, 1);
    },
    remove(claim) {
      discard(nameOf(claim));
      if (use(claim, -1) <= 0) discard(rosterName(claim.opening.roster));
    },
  };
}

function rosterName(hash: Hash): string {
  return `${hash}.roster`;
}

function nameOf({ certificate: { body } }: CertifiedJob): string {
  return `${body.job}.claim`;
}

/** Throws `file-damaged`: experts' pay hangs on them, so none is passed over unasked. */
export function readClaimFiles(directory: string): {
  readonly claims: readonly CertifiedJob[];
  readonly rosters: ReadonlyMap<Hash, Roster>;
} {
  const names = readdirSync(directory).filter((name) => claimName.test(name));
  const claims = names.sort().map((name) => readClaim(join(directory, name)));
  const rosters = new Map<Hash, Roster>();
  for (const { opening } of claims)
    if (!rosters.has(opening.roster))
      rosters.set(opening.roster, readRoster(join(directory, rosterName(opening.roster)), opening.roster));
  return { claims, rosters };
}

function readClaim(path: string): CertifiedJob {
  return read(path, claimKind, certifiedJobSchema);
}

function readRoster(path: string, hash: Hash): Roster {
  const roster = read(path, rosterKind, rosterSchema);
  if (rosterHash(roster) !== hash) throw damagedFile(path, 'it holds another roster than its name says');
  return roster;
}

function read<T>(path: string, kind: SealedKind, schema: z.ZodType<T>): T {
  const bytes = readSealed(path, kind);
  if (bytes === undefined) throw damagedFile(path, 'it is not there');
  try {
    return decode(bytes, schema);
  } catch (error) {
    throw damagedFile(path, messageOf(error), error);
  }
}
