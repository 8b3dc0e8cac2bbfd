import type { Testimony } from './settled-work.ts';

/**
 * A validator that lies about losses: the best answer gets the worst one's loss and so on, and the worst of the paid members
 * has won. For tests and demonstrations: honest witnesses outvote it, and it ranks against everybody.
 */
export const contraryTestimony: Testimony = (body) => {
  const ranked = body.members
    .filter(({ loss }) => loss !== null)
    .sort((a, b) => a.loss![0] * b.loss![1] - b.loss![0] * a.loss![1]);
  const members = body.members.map((member) => {
    const rank = ranked.indexOf(member);
    return rank < 0 ? member : { ...member, loss: ranked[ranked.length - 1 - rank]!.loss };
  });
  const worst = ranked.filter(({ onProbation }) => !onProbation).at(-1);
  return { ...body, members, winner: worst?.principal ?? body.winner };
};
