import { messageOf } from '@market-of-experts/core';

const sentences: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of the path is no folder',
  EISDIR: 'it is a folder',
  EACCES: 'permission is missing',
  EPERM: 'permission is missing',
  EROFS: 'the disk takes no changes',
  ENOSPC: 'the disk is full',
};

/** Why a file that a person named cannot be read or written, in words to go on with after a colon. */
export function fileTrouble(error: unknown): string {
  return sentences[(error as NodeJS.ErrnoException | undefined)?.code ?? ''] ?? messageOf(error);
}
