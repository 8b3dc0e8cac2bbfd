import { element } from './elements.js';
import { jobFoot, receiptLink, textLine } from './job-foot.js';
import { formatCount, formatCredits } from './numbers.js';

/** @import { Job } from './types.d.ts' */

/**
 * A text that an edition served, or several of one client: one line of its parts, and what each is paid.
 * @param {readonly Job[]} jobs one of each part
 */
export function servedItem(jobs) {
  const first = /** @type {Job} */ (jobs[0]);
  const texts = Math.max(...jobs.map((job) => job.texts ?? 1));
  return element('li', { class: 'job served', 'data-receipt': first.receiptId }, [
    textLine(first),
    element(
      'ul',
      { class: 'served-parts', 'aria-label': 'Parts that answered' },
      jobs.map((job) => {
        const name = job.members[0]?.name ?? '';
        return element('li', {}, [
          receiptLink(job, name, 'Receipt of this part'),
          element('span', { text: formatCredits(job.feeMicro) }),
        ]);
      }),
    ),
    jobFoot(`served by ${jobs.length === 1 ? 'one part' : `${jobs.length} parts`}`, jobs, [
      ...(texts > 1
        ? [
            element('span', {
              text: `${formatCount(texts)} texts`,
              title: 'Of one client, paid together; the first is shown',
            }),
          ]
        : []),
    ]),
  ]);
}
