import { describe, expect, it } from 'vitest';
import { isMoeError, MoeError, messageOf } from '../src/errors.ts';

describe('MoeError', () => {
  it('has a code, a sentence and whether trying again may help', () => {
    const cause = new Error('disk');
    const error = new MoeError('overloaded', 'Try again.', {
      isRetryable: true,
      cause,
      metadata: { queue: 3 },
    });
    expect(error).toBeInstanceOf(Error);
    expect(error.cause).toBe(cause);
    expect(isMoeError(error)).toBe(true);
    expect(isMoeError(error, 'overloaded')).toBe(true);
    expect(isMoeError(error, 'no-quorum')).toBe(false);
    expect(isMoeError(cause)).toBe(false);
  });

  it('is known when another copy of the package made it', async () => {
    const copy: typeof import('../src/errors.ts') = await import(`../src/errors.ts${'?copy'}`);
    expect(copy.MoeError).not.toBe(MoeError);
    const error: unknown = new copy.MoeError('overloaded', 'Try again.');
    expect(error).toBeInstanceOf(MoeError);
    expect(isMoeError(error, 'overloaded')).toBe(true);
    expect(Object.assign(new Error('no'), { code: 'overloaded' })).not.toBeInstanceOf(MoeError);
  });

  it('crosses JSON without cause or stack', () => {
    const error = new MoeError('fee-too-low', 'Raise it.', { cause: new Error('secret'), docs: 'fees' });
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: 'fee-too-low',
      message: 'Raise it.',
      metadata: {},
      isRetryable: false,
      docs: 'fees',
    });
    expect(JSON.stringify(new MoeError('overloaded', 'b'))).not.toContain('docs');
  });

  it('any thrown value has a sentence', () => {
    expect(messageOf(new MoeError('overloaded', 'why'))).toBe('why');
    expect(messageOf('text')).toBe('text');
    expect(messageOf(undefined)).toBe('undefined');
  });
});
