/** Preloaded into a process: at its end, writes the packages whose native parts it has loaded to the file `LOADS`, one a line. */
import { writeFileSync } from 'node:fs';

/** @type {Set<string>} */
const packages = new Set();
const load = process.dlopen;
process.dlopen = (module, file, ...flags) => {
  packages.add(/.*node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file)?.[1] ?? file);
  return load.call(process, module, file, ...flags);
};
process.on('exit', () => writeFileSync(String(process.env.LOADS), [...packages].join('\n')));
