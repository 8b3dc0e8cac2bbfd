import { MoeError } from '@market-of-experts/core';

/** Whether somebody sits there who can be asked: questions go to standard error, answers come from standard input. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** True for `y` and `yes`; everything else, and the end of the input, is a no. */
export async function askYes(question: string): Promise<boolean> {
  const answer = await readLine(`${question} [y/N] `, true);
  return /^y(es)?$/i.test(answer.trim());
}

/** A line that is not shown while it is typed. Throws `interrupted` on Ctrl-C. */
export function askHidden(question: string): Promise<string> {
  return readLine(question, false);
}

const longest = 4_096;

/** What was typed before it was asked for. */
let ahead = '';

/** Two passphrases in another encoding would otherwise be one. */
function notText(): MoeError {
  return new MoeError('usage', 'What was typed is not UTF-8. Set the terminal to UTF-8 and try again.');
}

function readLine(question: string, isShown: boolean): Promise<string> {
  const { stdin, stderr } = process;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let line = '';
  const end = (settle: () => void): void => {
    stdin.off('data', onData);
    stdin.off('end', onEnd);
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
    settle();
  };
  const onEnd = (): void => end(() => resolve(line));
  const onData = (text: string): void => {
    const characters = [...text];
    for (const [index, character] of characters.entries()) {
      if (character === '\r' || character === '\n' || character === '\u0004') {
        ahead = characters.slice(index + 1).join('');
        return end(() => (line.includes('\ufffd') ? reject(notText()) : resolve(line)));
      }
      if (character === '\u0003')
        return end(() => reject(new MoeError('interrupted', 'Interrupted; nothing was done.')));
      if (character === '\u007f' || character === '\b') {
        if (line !== '' && isShown) stderr.write('\b \b');
        line = [...line].slice(0, -1).join('');
      } else if (character >= ' ' && line.length < longest) {
        line += character;
        if (isShown) stderr.write(character);
      }
    }
  };
  stderr.write(question);
  stdin.setEncoding('utf8');
  stdin.setRawMode(true);
  stdin.on('data', onData);
  stdin.on('end', onEnd);
  stdin.resume();
  const typed = ahead;
  ahead = '';
  if (typed !== '') onData(typed);
  return promise;
}
