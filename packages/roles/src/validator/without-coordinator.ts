import type { Clock } from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';
import { rosterHash } from '@market-of-experts/protocol';
import type { MarketView } from '../view/market-view.ts';
import { agreeAlone, serveAgreement } from './agree-alone.ts';
import { askToReveal } from './ask-to-reveal.ts';
import { serveCertifiedJobs, tellCertified } from './certified-jobs.ts';
import { type CertifyingAlone, certifyingAlone, isOverdue } from './certify-alone.ts';
import type { CertifiedJob, ClaimBook } from './claim-book.ts';
import type { OutcomeSigner } from './outcome-signer.ts';
import type { WitnessedJob, WitnessedJobs } from './witnessed-jobs.ts';

export interface WithoutCoordinatorComponents {
  readonly transport: Transport;
  readonly view: MarketView;
  readonly clock: Clock;
  readonly jobs: Pick<WitnessedJobs, 'known' | 'release'>;
  readonly outcomes: OutcomeSigner;
  readonly claims: ClaimBook;
}

/**
 * Work that is delivered is certified, whatever its coordinator does: some time after the first reveal, if one of its orders' numbers is
 * not settled, the witnesses certify the job among themselves, and every validator keeps the certificate until it is settled.
 */
export function withoutCoordinator(components: WithoutCoordinatorComponents): CertifyingAlone {
  const { transport, view, clock, jobs, claims } = components;
  const agreement = { ...components, isOverdue: (witnessed: WitnessedJob) => isOverdue(witnessed, clock) };
  serveAgreement(agreement);
  serveCertifiedJobs(components);
  const untold = new WeakMap<WitnessedJob, Awaited<ReturnType<typeof tellCertified>>>();

  const certificateOf = async (witnessed: WitnessedJob): Promise<CertifiedJob | undefined> => {
    const { id, orders, roster, tickets } = witnessed.job;
    const known = claims.all().find((claim) => claim.certificate.body.job === id);
    if (known !== undefined) return known;
    const certificate = await agreeAlone(agreement, witnessed);
    if (certificate === undefined) return undefined;
    const certified = { opening: { orders, roster: rosterHash(roster), tickets }, certificate };
    await claims.keep(certified);
    return certified;
  };
  return certifyingAlone({
    self: transport.self,
    view,
    clock,
    complete: (witnessed) => askToReveal(transport, view, witnessed),
    onDone: jobs.release,
    async conclude(witnessed) {
      const certified = await certificateOf(witnessed);
      if (certified === undefined) return false;
      // Also where another witness has told of it: it may have told this validator alone.
      const others = view.validators().filter((node) => node !== transport.self);
      const left = await tellCertified(transport, certified, untold.get(witnessed) ?? others);
      untold.set(witnessed, left);
      return left.length === 0;
    },
  });
}
