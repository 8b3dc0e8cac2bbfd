import { parentPort, workerData } from 'node:worker_threads';
import { examShapley, examShares, nextEdition, toNumber } from '@market-of-experts/protocol';
import type { Weighed, WeighedInit } from './weigh-exams.ts';

const { edition, exams, terms }: WeighedInit = workerData;
const next = terms === undefined ? undefined : nextEdition(edition, exams, terms);
const paid = next?.edition ?? edition;
const weighed: Weighed = {
  next,
  shares: examShares(paid, exams),
  lowersLoss: examShapley(paid, exams)?.map(toNumber),
};
parentPort!.postMessage(weighed);
