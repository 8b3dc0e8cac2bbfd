/**
 * Where the one kind of market that there is, text embeddings, is known outside its folder (`tasks/embedding/` of a package).
 * Packages that are wholly about encoders or their clients (models, training, testing, sdk, cli) may speak of embeddings.
 */
const words = /\bFloat32Array\b|\b384\b|\bembed\b/;
/** Names of what the folders hold, also where it is imported through the entry of a package. */
const inside =
  /\b(?:embedding(?:Task|Rules|Skill)|examLists|examProducts|isUnitVector|float32(?:From)?Bytes)\b/;
const watched = new Set([
  'core',
  'protocol',
  'api',
  'ledger',
  'network',
  'history',
  'receipts',
  'roles',
  'host',
  'gateway',
  'simulation',
]);

/** Where the kinds of market are put together: they import from the folders of tasks, and use none of their words. */
const composed = new Set([
  'packages/gateway/src/gateway.ts',
  'packages/host/src/house/task-skills.ts',
  'packages/protocol/src/index.ts',
  'packages/protocol/src/parameters/market-parameters.ts',
  'packages/protocol/src/terms/task-of.ts',
]);

/** Files that still know it, each with the reason. Taking a file off the list is progress; nothing may be added. */
const known: Readonly<Record<string, string>> = {
  'packages/history/src/ann/ann-index.ts': 'the space in which jobs lie is one of vectors',
  'packages/history/src/ann/exact-index.ts': 'the space in which jobs lie is one of vectors',
  'packages/history/src/ann/usearch-index.ts': 'the space in which jobs lie is one of vectors',
  'packages/history/src/history.ts': 'the space in which jobs lie is one of vectors',
  'packages/history/src/records/record-rows.ts': 'the space in which jobs lie is one of vectors',
  'packages/history/src/records/row-layout.ts': 'the space in which jobs lie is one of vectors',
  'packages/history/src/records/sample-records.ts': 'units of a loss, by chance as many as dimensions',
  'packages/history/src/stored-history.ts': 'the space in which jobs lie is one of vectors',
  'packages/receipts/src/verify-job.ts': 'a roster does not say of which kind its market is',
  'packages/simulation/src/beliefs/history-beliefs.ts': 'asks history about a vector',
};

const withoutComments = (text: string): string =>
  text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '');

/** Whether code of the file knows text embeddings: it uses their words, or imports from their folder where it may not. */
function knowsEmbeddings(file: string, text: string): boolean {
  const code = withoutComments(text);
  const isImported = inside.test(code) || /from\s*'[^']*\btasks\/embedding\//.test(code);
  return words.test(code) || (isImported && !composed.has(file));
}

/** What is wrong with the sources, by path from the root: words outside, and entries of the list that are not needed. */
export function problemsOfTaskWords(sources: ReadonlyMap<string, string>): string[] {
  const leaks = new Set(
    [...sources]
      .filter(([file]) => watched.has(file.split('/')[1]!) && !file.includes('/tasks/embedding/'))
      .filter(([file, text]) => knowsEmbeddings(file, text))
      .map(([file]) => file),
  );
  return [
    ...[...leaks]
      .filter((file) => known[file] === undefined)
      .map(
        (file) =>
          `${file}: knows text embeddings (Float32Array, 384, embed, or an import) outside tasks/embedding`,
      ),
    ...Object.keys(known)
      .filter((file) => !leaks.has(file))
      .map(
        (file) => `${file}: knows no text embeddings any more; take it off the list in scripts/task-words.ts`,
      ),
  ];
}
