import { MoeError, messageOf } from '@market-of-experts/core';
import { modelVersionOf } from '@market-of-experts/models';
import { specialistDomains, trainSpecialist } from '@market-of-experts/training';
import { bar } from '../terminal/progress-line.ts';
import type { House } from './house.ts';
import { askForNewcomer, isOnProbation } from './newcomers.ts';
import type { RunningMarket } from './running-market.ts';

/**
 * Trains the specialists one after the other (or takes them from the data directory) and lets each join as it
 * is ready. One that cannot be trained is left out with a sentence; without training, only those join that an earlier
 * run has trained. Resolves with the number of newcomers that are on probation.
 */
export async function addSpecialists(running: RunningMarket, house: House): Promise<number> {
  const { market, models, options, log, signal } = running;
  let newcomers = 0;
  const notTrained = new MoeError('not-trained', 'No training was asked for.');
  const base = await models.open({ kind: 'minilm', layers: 6 });
  const domains = specialistDomains();
  for (const [index, domain] of domains.entries()) {
    if (signal.aborted) break;
    try {
      const trained = await trainSpecialist({
        domain,
        dataDir: options.dataDirectory,
        backend: base,
        signal: options.hasTraining ? signal : AbortSignal.any([signal, AbortSignal.abort(notTrained)]),
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
      const native = { kind: 'residual', name: domain.name, weightsFile: trained.weightsFile } as const;
      const backend = await models.open(native);
      await market.experts.add({
        name: domain.name,
        description: domain.description,
        backend,
        modelVersion: modelVersionOf({ name: domain.name, native, dimensions: backend.dimensions }),
        isAskAutomatic: options.hasPricing,
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
        askForNewcomer(house);
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
