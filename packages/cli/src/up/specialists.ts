import { MoeError, messageOf } from '@market-of-experts/core';
import type { EmbeddedMarket } from '@market-of-experts/host/embedded-market';
import type { ModelHost } from '@market-of-experts/models';
import { specialistDomains, trainSpecialist } from '@market-of-experts/training';
import { bar } from '../terminal/progress-line.ts';
import type { House } from './house.ts';
import type { UpLog } from './log.ts';
import { askForNewcomer, isOnProbation } from './newcomers.ts';

export interface SpecialistsInit {
  readonly market: EmbeddedMarket;
  readonly host: ModelHost;
  readonly dataDir: string;
  /** Without it, only those join that an earlier run has trained. */
  readonly isTrainingAllowed: boolean;
  /** Whether their asks for being called follow demand. */
  readonly isPricing: boolean;
  readonly house: House;
  readonly log: UpLog;
  readonly signal: AbortSignal;
}

/**
 * Trains the specialists one after the other (or takes them from the data directory) and lets each join as it
 * is ready. One that cannot be trained is left out with a sentence. Resolves with the number of newcomers that
 * are on probation.
 */
export async function addSpecialists(init: SpecialistsInit): Promise<number> {
  const { market, host, log, signal } = init;
  let newcomers = 0;
  const notTrained = new MoeError('not-trained', 'No training was asked for.');
  const base = await host.open({ kind: 'minilm', layers: 6 });
  const domains = specialistDomains();
  for (const [index, domain] of domains.entries()) {
    if (signal.aborted) break;
    try {
      const trained = await trainSpecialist({
        domain,
        dataDir: init.dataDir,
        backend: base,
        signal: init.isTrainingAllowed ? signal : AbortSignal.any([signal, AbortSignal.abort(notTrained)]),
        onProgress: ({ phase, done, total, loss }) => {
          market.experts.announceTraining(domain.name, domain.description, {
            done,
            total,
            ...(loss === undefined ? {} : { loss }),
          });
          const share = done / total;
          log.background(
            `${phase} ${domain.name} (${index + 1} of ${domains.length})  ${bar(share, 24)} ${Math.round(100 * share)} %`,
          );
        },
      });
      const { manifest } = trained;
      await market.experts.add({
        name: domain.name,
        description: domain.description,
        backend: await host.open({ kind: 'residual', name: domain.name, weightsFile: trained.weightsFile }),
        isAskAutomatic: init.isPricing,
      });
      log.say(
        `${domain.name} joins${trained.isNew ? '' : ', trained before'}: loss on held-out texts ${manifest.heldOutLossAfter.toFixed(3)}, the base model's ${manifest.heldOutLossBefore.toFixed(3)}.`,
        {
          event: 'specialist-joined',
          name: domain.name,
          isNew: trained.isNew,
          heldOutLoss: [manifest.heldOutLossBefore, manifest.heldOutLossAfter],
        },
      );
      if (isOnProbation(market, domain.name)) {
        askForNewcomer(init.house);
        newcomers += 1;
      }
    } catch (error) {
      if (signal.aborted) break;
      if (error === notTrained) continue;
      log.say(`${domain.name} is left out: ${messageOf(error)}`, {
        event: 'expert-failed',
        name: domain.name,
        reason: messageOf(error),
      });
    } finally {
      log.background(undefined);
    }
  }
  return newcomers;
}
