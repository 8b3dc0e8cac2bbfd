/** @import { Edition } from './types.d.ts' */

/**
 * What an edition changed, in words: `adds words; drops grams`.
 * @param {Edition} edition
 * @param {Edition | undefined} before the one before, where it is remembered
 */
export function whatChanged({ parts }, before) {
  if (before === undefined) return parts.map(({ name }) => name).join(', ');
  const partOf = new Map(before.parts.map((part) => [part.id, part]));
  const stays = new Set(parts.map(({ id }) => id));
  const changes = [
    list(
      'adds',
      parts.filter(({ id }) => !partOf.has(id)),
    ),
    list(
      'drops',
      before.parts.filter(({ id }) => !stays.has(id)),
    ),
    ...parts.flatMap((part) => {
      const was = partOf.get(part.id);
      if (was === undefined) return [];
      const { name, weight, modelVersion } = part;
      return [
        was.modelVersion === modelVersion ? '' : `another model of ${name}`,
        was.weight === weight ? '' : `weight of ${name} ${was.weight} → ${weight}`,
      ];
    }),
  ].filter((change) => change !== '');
  return changes.length === 0 ? 'the same parts' : changes.join('; ');
}

/** @param {string} verb @param {Edition['parts']} parts */
function list(verb, parts) {
  return parts.length === 0 ? '' : `${verb} ${parts.map(({ name }) => name).join(', ')}`;
}
