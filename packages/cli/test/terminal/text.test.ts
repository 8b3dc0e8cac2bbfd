import { statusSchema } from '@market-of-experts/api/status';
import { describe, expect, it } from 'vitest';
import { writable, writableJson } from '../../src/terminal/text.ts';

describe('what is written to a terminal', () => {
  it('keeps our colours and lines, and nothing else that a terminal acts on', () => {
    const line = '\u001b[32m★ good\u001b[39m\n\u001b[2Jbad\u009b2K\u001b]0;title\u0007 \u202ekcab\rover';
    expect(writable(line)).toBe('\u001b[32m★ good\u001b[39m\nbad  kcab over');
  });

  it('is the same JSON without such characters', () => {
    const value = { name: '\u009b2Jx\u202e\u{e0041}é😀', amountMicro: 5n };
    const text = writableJson(value);
    expect(text).toContain('\\u009b2Jx\\u202e\\udb40\\udc41é😀');
    expect(JSON.parse(text)).toEqual({ ...value, amountMicro: '5' });
  });

  it('holds no lines of a market: its texts are plain from where they are read', () => {
    const { name } = statusSchema.shape.validators.parse([
      { id: 'x', name: 'a\n12:00:00  ★ b\u001b[1A', stakeMicro: '0' },
    ])[0]!;
    expect(name).toBe('a 12:00:00  ★ b');
  });
});
