import { hashOf, type NodeId } from '@market-of-experts/core';
import { type SpokenVersion, spokenVersion } from '@market-of-experts/roles/statements/spoken-version';

/** The first version of a test's expert, as test editions name it. */
export function testVersion(node: NodeId, dimensions: number, number = 0): SpokenVersion {
  return spokenVersion(
    { model: hashOf('test/model', node), runtime: { class: 'float32' }, dimensions, windows: 1 },
    hashOf('test/text-key', [node, number]),
  );
}
