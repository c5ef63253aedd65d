/**
 * What a command does is imported only when it runs.
 *
 * @module
 */
import type { Cli, GlobalFlags } from "./cli.ts";
import { guarded } from "./guarded.ts";

/** A command's module gives a function of the flags and arguments that returns an exit code. */
type Run<F extends GlobalFlags, A extends readonly unknown[]> = (
  cli: Cli,
  flags: F,
  ...args: A
) => Promise<number>;
export const lazy = <F extends GlobalFlags, A extends readonly unknown[]>(
  load: () => Promise<{ readonly default: Run<F, A> }>,
) =>
  async function (this: Cli, flags: F, ...args: A): Promise<void> {
    this.process.exitCode = await guarded(this, flags, async () =>
      (await load()).default(this, flags, ...args));
  };
