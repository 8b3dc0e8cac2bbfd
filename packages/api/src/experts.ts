import { z } from 'zod';
import { bps, count, micro, openEnum, type Told, textLine } from './wire.ts';

const callTallySchema = z.object({ jobs: count, wins: count });
export type CallTally = Told<typeof callTallySchema>;

export const expertStatusSchema = z.object({
  id: textLine(128),
  name: textLine(200),
  description: textLine(),
  state: openEnum(['training', 'joining', 'probation', 'serving', 'offline']),
  jobs: count.describe('Certified jobs in which the expert worked, for itself or for who called it.'),
  wins: count,
  callsMade: callTallySchema.describe('Friends that it called, and how often it won so.'),
  callsAnswered: callTallySchema.describe('Members in whose place it worked, and how often they won so.'),
  askBps: bps.describe('Share of the fee that it asks when it is called, in hundredths of a percent.'),
  meanLoss: z
    .number()
    .exactOptional()
    .describe('Certified mean loss, 0 perfect, 0.5 chance; missing before the first job.'),
  earnedMicro: micro,
  slashedMicro: micro,
  stakeMicro: micro,
});
export type ExpertStatus = Told<typeof expertStatusSchema>;
