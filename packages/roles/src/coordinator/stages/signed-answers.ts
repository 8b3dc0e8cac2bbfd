import { MoeError, verifyBodyAsync } from '@market-of-experts/core';
import {
  type Commit,
  claimDomain,
  commitDomain,
  type Grant,
  grantDomain,
  type Reveal,
  verifyReveal,
} from '@market-of-experts/protocol';

/** A first seal and, where a friend gave it, its grant. */
export interface GrantedCommit {
  readonly commit: Commit;
  readonly grant?: Grant | undefined;
}

/** A commit and, where a friend made it, the grant and the claim in it. */
export async function assertCommitSigned({ commit, grant }: GrantedCommit): Promise<void> {
  const checks = [assertSigned(commitDomain, commit)];
  if (grant !== undefined)
    checks.push(assertSigned(grantDomain, grant), assertSigned(claimDomain, grant.body.claim));
  await Promise.all(checks);
}

export async function assertSigned(
  domain: string,
  message: Parameters<typeof verifyBodyAsync>[1],
): Promise<void> {
  if (!(await verifyBodyAsync(domain, message)))
    throw new MoeError(
      'bad-signature',
      `The signature of ${message.by.slice(0, 12)} on ${domain} is not valid.`,
    );
}

export function assertRevealed(reveal: Reveal): void {
  if (!verifyReveal(reveal))
    throw new MoeError(
      'bad-signature',
      `The signature of ${reveal.worker.slice(0, 12)} on its reveal is not valid.`,
    );
}
