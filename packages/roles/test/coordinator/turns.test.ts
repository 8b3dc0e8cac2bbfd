import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Turns } from '../../src/coordinator/turns.ts';

it('a caller with many waits beside another with one, each in its own order', () => {
  const [many, one] = [Symbol('many'), Symbol('one')];
  const turns = new Turns<string>();
  for (const item of ['a', 'b', 'c']) turns.push(many, item);
  turns.push(one, 'x');
  expect([turns.peek(), turns.size]).toEqual(['a', 4]);
  expect(Array.from({ length: 5 }, () => turns.shift())).toEqual(['a', 'x', 'b', 'c', undefined]);
  expect([turns.peek(), turns.size]).toEqual([undefined, 0]);
});

it('nobody waits for more turns than there are callers, whatever comes and goes', () => {
  const callers = [Symbol('a'), Symbol('b'), Symbol('c')];
  const step = fc.record({ caller: fc.nat(2), action: fc.constantFrom('push', 'push', 'shift', 'delete') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const turns = new Turns<{ readonly caller: number; readonly number: number }>();
      const model: { readonly caller: number; readonly number: number }[] = [];
      const turnsWithout = [0, 0, 0];
      for (const [number, { caller, action }] of steps.entries()) {
        if (action === 'push') {
          const item = { caller, number };
          model.push(item);
          turns.push(callers[caller]!, item);
        } else if (action === 'delete') {
          const item = model.find((each) => each.caller === caller);
          if (item === undefined) continue;
          model.splice(model.indexOf(item), 1);
          expect(turns.delete(callers[caller]!, item)).toBe(true);
          expect(turns.delete(callers[caller]!, item)).toBe(false);
        } else {
          const taken = turns.shift();
          expect(taken === undefined).toBe(model.length === 0);
          if (taken === undefined) continue;
          expect(taken).toBe(model.find((each) => each.caller === taken.caller));
          model.splice(model.indexOf(taken), 1);
          turnsWithout[taken.caller] = -1;
          for (const each of [0, 1, 2])
            turnsWithout[each] = model.some((item) => item.caller === each) ? turnsWithout[each]! + 1 : 0;
          expect(Math.max(...turnsWithout)).toBeLessThan(3);
        }
        expect(turns.size).toBe(model.length);
      }
    }),
  );
});
