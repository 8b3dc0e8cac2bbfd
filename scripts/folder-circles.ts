/** Folders of which each reaches every other one by imports, in groups (Tarjan's strongly connected components). */
export function circlesOf(imports: ReadonlyMap<string, ReadonlyMap<string, unknown>>): string[][] {
  const found: string[][] = [];
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const visit = (folder: string): void => {
    const own = order.size;
    order.set(folder, own);
    lowest.set(folder, own);
    open.push(folder);
    for (const next of imports.get(folder)?.keys() ?? []) {
      if (!order.has(next)) visit(next);
      if (open.includes(next)) lowest.set(folder, Math.min(lowest.get(folder)!, lowest.get(next)!));
    }
    if (lowest.get(folder) !== own) return;
    const circle = open.splice(open.indexOf(folder));
    if (circle.length > 1) found.push(circle.sort());
  };
  for (const folder of imports.keys()) if (!order.has(folder)) visit(folder);
  return found;
}
