import { certificateDomain, type SignedCertificateBody, witnessesDomain } from './certificate.ts';
import {
  type ClaimBody,
  claimDomain,
  claimHash,
  type GrantBody,
  grantDomain,
  type RefusalBody,
  refusalDomain,
} from './claims.ts';
import { type CommitBody, commitDomain, type RevealBody, revealDomain } from './messages.ts';

/** What can be said about a job and be held against who said it, by domain. */
export interface SaidOnce {
  readonly [commitDomain]: CommitBody;
  readonly [revealDomain]: RevealBody;
  readonly [claimDomain]: ClaimBody;
  readonly [grantDomain]: GrantBody;
  readonly [refusalDomain]: RefusalBody;
  readonly [certificateDomain]: SignedCertificateBody;
  readonly [witnessesDomain]: SignedCertificateBody;
}
export type SaidOnceDomain = keyof SaidOnce;

/**
 * The places, within one job and of one author, that a statement takes: whoever says two different things in one place may
 * contradict himself (`equivocationOf`, `findingOf`), and who never does cannot. Stricter than the rules of evidence, which
 * also look at times: a worker grants one claim of a job, and answers each claim once.
 */
const placesOf: { readonly [Domain in SaidOnceDomain]: (body: SaidOnce[Domain]) => readonly string[] } = {
  [commitDomain]: ({ principal, stage }) => [`commit/${stage}/${principal}`],
  [revealDomain]: ({ principal }) => [`reveal/${principal}`],
  [claimDomain]: ({ index }) => [`claim/${index}`],
  [grantDomain]: ({ claim }) => ['grant', `answer/${claimHash(claim.body)}`],
  [refusalDomain]: ({ claim }) => [`answer/${claim}`],
  [certificateDomain]: () => ['certificate'],
  // Each witness that proposes a transcript may have it certified: whoever proposes, nobody can use up another's signature.
  [witnessesDomain]: ({ transcript }) => [`certificate-of-witnesses/${transcript}`],
};

export function saidOncePlaces<Domain extends SaidOnceDomain>(
  domain: Domain,
  body: SaidOnce[Domain],
): readonly string[] {
  return placesOf[domain](body);
}

export function isSaidOnce(domain: string): domain is SaidOnceDomain {
  return Object.hasOwn(placesOf, domain);
}
