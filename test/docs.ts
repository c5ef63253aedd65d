/** The pages in docs/ as something that can be typed. */

export interface Snippet {
  /** The nearest heading above it. */
  readonly heading: string;
  readonly text: string;
}

/** The blocks of a page that are marked `sh`, in their order. */
export function shellOf(page: string): readonly Snippet[] {
  let heading = "";
  const snippets: Snippet[] = [];
  for (const [, title, text] of page.matchAll(/^#+ (.*)$|^```sh\n([\s\S]*?)^```$/gm)) {
    if (title !== undefined) heading = title;
    else if (text !== undefined) snippets.push({ heading, text });
  }
  return snippets;
}
