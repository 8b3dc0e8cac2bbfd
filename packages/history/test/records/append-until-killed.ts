/** A process for the crash test: appends records to the folder given, and says how many after each, until killed. */
import { writeSync } from 'node:fs';
import { openHistory } from '../../src/open-history.ts';
import { sampleDimensions, sampleRecord, sampleUnitsPerJob } from '../../src/records/sample-records.ts';

const history = openHistory({
  directory: process.argv[2]!,
  dimensions: sampleDimensions,
  unitsPerJob: sampleUnitsPerJob,
  maxRecords: 20_000,
});
for (let job = history.size; ; job += 1) {
  history.append(sampleRecord(job, { losses: { [`worker ${job % 500}`]: 0.25, other: 0.5 } }));
  writeSync(1, `${job + 1}\n`);
  if (job % 700 === 699) history.flush();
}
