import { encode, verifyBodyAsync } from '@market-of-experts/core';
import { arrivalDomain, type FullJob, type RevealJob, type SealedJob } from '@market-of-experts/protocol';
import { openingBytes } from '../../job/job-request.ts';
import { testimonyMs } from '../../job/job-times.ts';
import {
  arrivalsResponseSchema,
  arrivedMessageSchema,
  type JobStage,
  protocols,
} from '../../messages/protocols.ts';
import { ask, type ShardRun } from './shard-run.ts';

/** Asks the witnesses what had reached them, once somebody is missing: their records decide who was late. */
export async function collectArrivals(
  run: ShardRun,
  job: SealedJob | FullJob | RevealJob,
  stage: JobStage,
  asked: Uint8Array,
  signal = run.input.signal,
) {
  const request = encode({ job: job.id, stage, opening: openingBytes(job), asked });
  const timeoutMs = testimonyMs(stage, job.roster.parameters);
  const answers = await Promise.allSettled(
    job.draw.witnesses.map(async (witness) => {
      const { record, messages } = await ask(
        run,
        witness,
        protocols.arrivals,
        request,
        arrivalsResponseSchema,
        timeoutMs,
        signal,
      );
      // A record that is none would spoil the transcript: the other witnesses would refuse to certify it.
      const isRecord = record.by === witness && record.body.job === job.id && record.body.stage === stage;
      if (isRecord && (await verifyBodyAsync(arrivalDomain, record))) run.arrivals.push(record);
      return messages;
    }),
  );
  return answers.flatMap((answer) =>
    answer.status === 'fulfilled'
      ? answer.value.flatMap((message) => arrivedMessageSchema.safeParse(message).data ?? [])
      : [],
  );
}

/** A message that a witness passed on, if it still belongs; otherwise the job stays as it is. */
export async function takeUp<Job>(job: Job, receive: () => Promise<Job>): Promise<Job> {
  try {
    return await receive();
  } catch {
    return job;
  }
}
