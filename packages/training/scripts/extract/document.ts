/** One document of a corpus, as a line of `data/texts/SOURCE.jsonl.gz`. */
export interface ExtractedDocument {
  /** The document without its language: translations of one page share it and stay on one side of a split. */
  readonly group: string;
  /** Unique name of the document. */
  readonly document: string;
  /** What kind of text it is, e.g. `german`, `code`. */
  readonly kind: string;
  readonly paragraphs: readonly string[];
}

/** Reads documents out of the packages under a `node_modules` folder. */
export type Extractor = (nodeModules: string) => ExtractedDocument[];
