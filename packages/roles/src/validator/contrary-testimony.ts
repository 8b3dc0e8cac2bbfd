import type { Testimony } from './settled-work.ts';

/**
 * A validator that lies about losses: the best answer gets the worst one's loss and so on, and the worst of the paid members
 * has won. For tests and demonstrations: honest witnesses outvote it, and it ranks against everybody.
 */
export const contraryTestimony: Testimony = (body) => {
  const rankings = body.data.map((_, datum) =>
    body.members
      .filter(({ losses }) => losses[datum] !== null)
      .sort((a, b) => {
        const [one, other] = [a.losses[datum]!, b.losses[datum]!];
        return one[0] * other[1] - other[0] * one[1];
      }),
  );
  const members = body.members.map((member) => ({
    ...member,
    losses: member.losses.map((loss, datum) => {
      const ranked = rankings[datum]!;
      const rank = ranked.indexOf(member);
      return rank < 0 ? loss : ranked[ranked.length - 1 - rank]!.losses[datum]!;
    }),
  }));
  const data = body.data.map((datum, index) => {
    const worst = rankings[index]!.filter(({ onProbation }) => !onProbation).at(-1);
    return { ...datum, winner: worst?.principal ?? datum.winner };
  });
  return { ...body, members, data };
};
