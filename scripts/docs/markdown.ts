/** A row of a table. */
export const row = (...cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;

export const code = (text: string): string => `\`${text}\``;

/** Text as the formatter leaves it, so that what is made and what is kept can be compared. */
export async function formatted(markdown: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--line-width=110", "--ext=md", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const output = child.output();
  const stdin = child.stdin.getWriter();
  await stdin.write(new TextEncoder().encode(markdown));
  await stdin.close();
  const { success, stdout } = await output;
  if (!success) throw new Error("deno fmt cannot format what was made");
  return new TextDecoder().decode(stdout);
}
