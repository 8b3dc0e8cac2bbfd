import { isMap, isNode, isPair, isSeq, LineCounter, type Node, parseDocument } from 'yaml';

export interface ReadYaml {
  /** Undefined where the text is no YAML. */
  readonly content: unknown;
  readonly problem: string | undefined;
  /** Line of the field at a path, from 1; undefined where it is not in the text. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

/** Reads YAML so that what is wrong in it can be named by its line. `intAsBigInt`: whole numbers are bigints. */
export function readYaml(text: string, options: { readonly intAsBigInt?: boolean } = {}): ReadYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    ...options,
  });
  const lineOf = (path: readonly PropertyKey[]): number | undefined => {
    const offset = offsetOf(document.contents, path);
    return offset === undefined ? undefined : lines.linePos(offset).line;
  };
  const [broken] = document.errors;
  if (broken !== undefined)
    return {
      content: undefined,
      problem: `line ${lines.linePos(broken.pos[0]).line}: ${broken.message}`,
      lineOf,
    };
  try {
    // Aliases are bounded: a few lines could otherwise stand for gigabytes.
    return { content: document.toJS({ maxAliasCount: 50 }), problem: undefined, lineOf };
  } catch (error) {
    return { content: undefined, problem: (error as Error).message, lineOf };
  }
}

/** Where in the text the value of a path begins. */
function offsetOf(root: Node | null, path: readonly PropertyKey[]): number | undefined {
  let node: unknown = root;
  let offset: number | undefined;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isNode(key) && String(key) === String(step));
      if (!isPair(pair)) return undefined;
      offset = (pair.key as Node).range?.[0];
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      if (!isNode(node)) return undefined;
      offset = node.range?.[0];
    } else return undefined;
  }
  return offset;
}
