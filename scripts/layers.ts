/** The packages from the lowest layer up: each may import those below its own. */
export const layers: readonly (readonly string[])[] = [
  ['core'],
  ['protocol'],
  ['api'],
  ['ledger', 'network', 'history', 'models', 'receipts'],
  ['roles', 'training'],
  ['host'],
  ['testing'],
  ['gateway', 'sdk', 'simulation'],
  ['cli'],
];
/** Neighbours of one layer that may know each other. */
export const neighbours = new Set(['training models']);
export const layerOf = new Map(layers.flatMap((names, layer) => names.map((name) => [name, layer] as const)));
/** The package of this workspace that an import names, if it does. */
export const packageOf = (specifier: string): string | undefined =>
  specifier === 'market-of-experts' || specifier.startsWith('market-of-experts/')
    ? 'cli'
    : /^@market-of-experts\/([a-z-]+)/.exec(specifier)?.[1];
