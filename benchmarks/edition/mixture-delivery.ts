import type { Weights } from '@market-of-experts/protocol/tasks/embedding/mixture/exam-row';
import { questionVector, storedVector } from '@market-of-experts/protocol/tasks/embedding/side-by-side';
import type { Delivery } from './delivery.ts';
import type { OwnSpaces } from './own-space.ts';

/** What the places of a gate change: the weights for a question. */
export type GateOf = (text: string) => Weights | undefined;

/** Documents and questions of one edition, each delivered on its own. */
export function mixtureDelivery(
  name: string,
  weights: Weights,
  spaces: OwnSpaces,
  gateOf: GateOf = () => undefined,
): Delivery {
  const experts = [...weights.keys()];
  const parts = experts.map((expert) => ({
    dimensions: spaces.dimensionsOf(expert),
    weightSteps: weights.get(expert)!,
  }));
  const answers = (text: string): Float32Array[] => experts.map((expert) => spaces.vectorOf(expert, text));
  const stored = remembered((text) => storedVector(parts, answers(text)).vector);
  return {
    name,
    encodesPerText: experts.length,
    dimensions: parts.reduce((sum, { dimensions }) => sum + dimensions, 0),
    stored,
    asked: (text) => {
      const gate = gateOf(text);
      if (gate === undefined) return stored(text);
      const steps = experts.map((expert) => gate.get(expert)!);
      return questionVector(parts, answers(text), steps).vector;
    },
  };
}

/** The same with every vector changed in form. */
export function inForm(
  { stored, asked, encodesPerText, dimensions }: Delivery,
  name: string,
  form: (vector: Float32Array) => Float32Array,
  count = dimensions,
): Delivery {
  return {
    name,
    encodesPerText,
    dimensions: count,
    stored: remembered((text) => form(stored(text))),
    asked: remembered((text) => form(asked(text))),
  };
}

function remembered(vectorOf: (text: string) => Float32Array): (text: string) => Float32Array {
  const known = new Map<string, Float32Array>();
  return (text) => {
    const vector = known.get(text) ?? vectorOf(text);
    known.set(text, vector);
    return vector;
  };
}
