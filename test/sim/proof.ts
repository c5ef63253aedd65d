/** The tables of docs/proof.md, each between two marks. */

export interface Tables {
  readonly rules: readonly (readonly string[])[];
  readonly bugs: readonly (readonly string[])[];
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ").trim();
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n");

/** The page with new tables. Throws if a mark is not there. */
export function told(page: string, { rules, bugs }: Tables): string {
  const put = (text: string, mark: string, rows: string): string => {
    const [before, , after] = text.split(`<!-- ${mark} -->`);
    if (before === undefined || after === undefined) {
      throw new RangeError(`Cannot find the mark ${mark} twice`);
    }
    return `${before}<!-- ${mark} -->\n\n${rows}\n\n<!-- ${mark} -->${after}`;
  };
  const withRules = put(page, "rules", table(["rule", "switched off", "noticed by"], rules));
  return put(withRules, "bugs", table(["bug in a playbook", "found by"], bugs));
}
