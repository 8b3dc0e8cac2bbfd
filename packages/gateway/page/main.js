import { refreshEditions, showEdition } from './edition-view.js';
import { byId } from './elements.js';
import { showExperts } from './experts-view.js';
import { addJob, showJobs } from './jobs-view.js';
import { refreshRanking, showEpoch } from './ranking-view.js';
import { showTotals } from './totals-view.js';
import { showTryForm, startTryForm } from './try-form.js';

/** @import { Event as MarketEvent, Job, Status, Training } from './types.d.ts' */

/** The status is read again after events, but not more often than this. */
const refreshEveryMs = 1_000;
const rankingEverySeconds = 10;

/** @type {Status | undefined} */
let status;
/** Jobs that came by the stream while the whole list was being read: that list may be older. @type {Job[]} */
let jobsMeanwhile = [];
/** @type {Map<string, Training>} */
const trainings = new Map();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let refreshTimer;

/** Reads the whole status; `withJobs` also draws the list of jobs anew. @param {boolean} withJobs */
async function refresh(withJobs) {
  if (withJobs) jobsMeanwhile = [];
  const response = await fetch('/v1/status');
  if (!response.ok) throw new Error(`The status could not be read (${response.status}).`);
  const read = /** @type {Status} */ (await response.json());
  status = read;
  showTotals(read);
  showEdition(read);
  showExperts(read.experts, trainings);
  showTryForm(read.gateway.canTry);
  if (!withJobs) return;
  showJobs(read.recentJobs);
  const known = new Set(read.recentJobs.map((job) => job.receiptId));
  for (const job of jobsMeanwhile) if (!known.has(job.receiptId)) addJob(job);
  jobsMeanwhile = [];
}

function refreshSoon() {
  if (refreshTimer !== undefined) return;
  refreshTimer = setTimeout(() => {
    refreshTimer = undefined;
    // A lost connection is shown by the stream, which also reads the status again when it is back.
    refresh(false).catch(() => {});
  }, refreshEveryMs);
}

/** @param {'live' | 'lost' | 'connecting'} state @param {string} text */
function showConnection(state, text) {
  const line = byId('connection');
  line.dataset.state = state;
  line.textContent = text;
}

/** @param {MarketEvent} event */
function apply(event) {
  switch (event.type) {
    case 'job-certified':
    case 'job-routed':
    case 'job-refunded':
      addJob(event.job);
      jobsMeanwhile = [...jobsMeanwhile.slice(-50), event.job];
      refreshSoon();
      break;
    case 'training-progressed':
      if (event.done >= event.total) {
        trainings.delete(event.name);
        refreshSoon();
      } else
        trainings.set(event.name, { name: event.name, share: event.done / event.total, loss: event.loss });
      showExperts(status?.experts ?? [], trainings);
      break;
    default:
      refreshSoon();
  }
}

function followEvents() {
  const stream = new EventSource('/v1/events');
  stream.addEventListener('open', () => {
    showConnection('live', 'live');
    refresh(true).catch(() => showConnection('lost', 'status not readable'));
  });
  stream.addEventListener('reset', () => refresh(true).catch(() => {}));
  stream.addEventListener('error', () => {
    showConnection('lost', 'reconnecting');
    // The browser tries again by itself, unless the server refused it.
    if (stream.readyState === EventSource.CLOSED) setTimeout(followEvents, 5_000);
  });
  for (const type of [
    'job-certified',
    'job-routed',
    'job-refunded',
    'expert-joined',
    'expert-left',
    'expert-slashed',
    'training-progressed',
    'settlement-applied',
  ])
    stream.addEventListener(type, (message) => apply(JSON.parse(message.data)));
}

/** The ranking and what editions pay change when an epoch ends: they are read again then, and now and then in between. */
function followEpochs() {
  let untilRead = 0;
  setInterval(() => {
    const isOver = showEpoch();
    untilRead -= isOver ? rankingEverySeconds / 5 : 1;
    const market = status?.markets[0]?.id;
    if (untilRead > 0 || market === undefined) return;
    untilRead = rankingEverySeconds;
    refreshRanking(market).then(showEpoch, () => {});
    refreshEditions(market).catch(() => {});
  }, 1_000);
}

startTryForm();
followEvents();
followEpochs();
