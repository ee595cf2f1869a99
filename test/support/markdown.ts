/** The code blocks of one language in a Markdown text, in order. */
export function snippets(markdown: string, language: string): string[] {
  const fence = new RegExp(`^\`\`\`${language}[^\\n]*\\n([\\s\\S]*?)^\`\`\``, 'gm');
  return [...markdown.matchAll(fence)].map((match) => match[1]);
}
