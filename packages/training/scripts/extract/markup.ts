const entities: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&nbsp;': ' ',
  '&#x3C;': '<',
  '&amp;': '&',
};

/** The text of a piece of HTML or of a message with `{placeholders}` and `<tags>`. */
export function plainText(markup: string): string {
  return markup
    .replace(/<[^>]+>/gu, '')
    .replace(/&(lt|gt|quot|#39|nbsp|#x3C|amp);/gu, (entity) => entities[entity] ?? ' ')
    .replace(/\s+/gu, ' ')
    .trim();
}

/** The texts of paragraphs, definitions and list items of a page, without its code blocks. */
export function blocksOf(html: string): string[] {
  const prose = html.replace(/<pre[\s\S]*?<\/pre>/gu, '');
  return [...prose.matchAll(/<(p|li|dd)(?:\s[^>]*)?>([\s\S]*?)<\/\1>/gu)].map((match) =>
    plainText(match[2] ?? ''),
  );
}
