/** Draws docs/concepts/architecture.svg from the code: the packages in their layers, their files, and who imports whom. */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { layerOf, layers, packageOf } from './layers.ts';

const root = resolve(import.meta.dirname, '..');
export const picturePath = resolve(root, 'docs/concepts/architecture.svg');

const [width, rowHeight, boxWidth, boxHeight, top] = [900, 104, 132, 46, 30];

interface Package {
  readonly name: string;
  readonly files: number;
  readonly imports: ReadonlySet<string>;
}

function readPackages(): readonly Package[] {
  return layers.flat().flatMap((name) => {
    const files = globSync(`packages/${name}/src/**/*.ts`, { cwd: root });
    const imports = files.flatMap((file) =>
      [...readFileSync(resolve(root, file), 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(
        ([, specifier]) => packageOf(specifier!),
      ),
    );
    const known = imports.filter((to): to is string => to !== undefined && to !== name && layerOf.has(to));
    return files.length === 0 ? [] : [{ name, files: files.length, imports: new Set(known) }];
  });
}

/** What can be reached over another import is left out: an arrow from `cli` to `core` would say nothing. */
function arrowsOf(packages: readonly Package[]): readonly (readonly [from: string, to: string])[] {
  const byName = new Map(packages.map((each) => [each.name, each]));
  const reaches = (from: string, to: string): boolean =>
    [...(byName.get(from)?.imports ?? [])].some((next) => next === to || reaches(next, to));
  return packages.flatMap(({ name, imports }) =>
    [...imports]
      .sort()
      .filter((to) => ![...imports].some((next) => next !== to && reaches(next, to)))
      .map((to) => [name, to] as const),
  );
}

/** A box of a row, or the gap through which a line passes that row. */
interface Slot {
  readonly id: string;
  readonly wide: number;
  readonly above: readonly string[];
}

/** Middle of every slot on its row, each row in the order in which its lines come from above. */
function placeSlots(rows: readonly (readonly Slot[])[]): ReadonlyMap<string, number> {
  const middles = new Map<string, number>();
  for (const row of rows) {
    const wished = ({ above }: Slot): number =>
      above.length === 0 ? width / 2 : above.reduce((sum, id) => sum + middles.get(id)!, 0) / above.length;
    const sorted = row.map((slot) => ({ slot, at: wished(slot) })).sort((a, b) => a.at - b.at);
    const space = (width - row.reduce((sum, { wide }) => sum + wide, 0)) / (row.length + 1);
    let left = space;
    for (const { slot } of sorted) {
      middles.set(slot.id, Math.round(left + slot.wide / 2));
      left += slot.wide + space;
    }
  }
  return middles;
}

/** The picture as the code is now: SVG, the same bits for the same code. */
export function drawArchitecture(): string {
  const packages = readPackages();
  const names = layers
    .map((layer) => layer.filter((name) => packages.some((each) => each.name === name)))
    .filter((layer) => layer.length > 0)
    .reverse();
  const rowOf = (name: string): number => names.findIndex((row) => row.includes(name));
  // A line that passes rows gets a gap of its own in each.
  const lines = arrowsOf(packages).map(([from, to]) => {
    const passed = names.map((_, row) => row).filter((row) => row > rowOf(from) && row < rowOf(to));
    return [from, ...passed.map((row) => `${from} ${to} ${row}`), to];
  });
  const above = (id: string): string[] => lines.flatMap((line) => line[line.indexOf(id) - 1] ?? []);
  const slots = names.map((row, at) => [
    ...row.map((id) => ({ id, wide: boxWidth, above: above(id).filter((each) => !row.includes(each)) })),
    ...lines.flatMap((line) =>
      line.filter((id) => id.endsWith(` ${at}`)).map((id) => ({ id, wide: 8, above: above(id) })),
    ),
  ]);
  const middles = placeSlots(slots);
  const rowTop = (id: string): number =>
    top + rowHeight * slots.findIndex((row) => row.some((slot) => slot.id === id));

  const arrows = lines.map((line) => {
    const [from, to] = [line[0]!, line.at(-1)!];
    const [a, b] = [middles.get(from)!, middles.get(to)!];
    if (rowOf(from) === rowOf(to)) {
      const side = Math.sign(b - a) * (boxWidth / 2);
      return `<path d="M${a + side} ${rowTop(from) + boxHeight / 2}H${b - side}"/>`;
    }
    const steps = line.slice(1).map((id, at) => {
      const [x, y] = [middles.get(line[at]!)!, rowTop(line[at]!) + boxHeight];
      const [nextX, nextY] = [middles.get(id)!, rowTop(id)];
      const half = (y + nextY) / 2;
      return `V${y}C${x} ${half} ${nextX} ${half} ${nextX} ${nextY}`;
    });
    return `<path d="M${a} ${rowTop(from) + boxHeight}${steps.join('')}"/>`;
  });
  const boxes = packages.map(({ name, files }) => {
    const [x, y] = [middles.get(name)!, rowTop(name)];
    const box = `<rect x="${x - boxWidth / 2}" y="${y}" width="${boxWidth}" height="${boxHeight}" rx="6"/>`;
    const count = `${files} ${files === 1 ? 'file' : 'files'}${name === 'testing' ? ', tests only' : ''}`;
    return `${box}<text x="${x}" y="${y + 20}" class="name">${name}</text><text x="${x}" y="${y + 37}">${count}</text>`;
  });
  const height = top * 2 + (names.length - 1) * rowHeight + boxHeight;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="Packages in their layers; an arrow leads from a package to one that it imports.">
<style>text{font:12px sans-serif;text-anchor:middle;fill:#555}.name{font:bold 14px sans-serif;fill:#111}rect{fill:#f4f6fa;stroke:#5b6b86}path{fill:none;stroke:#7d8899;stroke-width:1.3;marker-end:url(#tip)}</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><polygon points="0,0 8,4 0,8" fill="#7d8899"/></marker></defs>
<rect width="${width}" height="${height}" style="fill:#fff;stroke:none"/>
${[...arrows, ...boxes].join('\n')}
</svg>
`;
}

if (import.meta.main) writeFileSync(picturePath, drawArchitecture());
