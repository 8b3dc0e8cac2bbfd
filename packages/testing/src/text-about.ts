const topicWords = 6;
const order = [3, 0, 5, 1, 4, 2];

/** A text of 48 words that all belong to topic `topic`, so that each half says what the other is about. */
export function textAbout(topic: number): string {
  return Array.from(
    { length: 48 },
    (_, index) => `w${topic}x${order[(index + Math.floor(index / topicWords)) % topicWords]}`,
  ).join(' ');
}
