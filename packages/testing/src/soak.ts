/** Whether this is `npm run test:crash`: as many repetitions as a quick machine does in minutes, where `npm test` makes a few. */
const isSoak = process.env.MOE_SOAK === '1';

/** How much of something long a test does. */
export function soaked<Amount>(few: Amount, many: Amount): Amount {
  return isSoak ? many : few;
}
