import { parentPort, workerData } from 'node:worker_threads';
import { examShares, nextEdition } from '@market-of-experts/protocol';
import type { Weighed, WeighedInit } from './weigh-exams.ts';

const { edition, exams, terms }: WeighedInit = workerData;
const next = terms === undefined ? undefined : nextEdition(edition, exams, terms);
const weighed: Weighed = { next, shares: examShares(next?.edition ?? edition, exams) };
parentPort!.postMessage(weighed);
