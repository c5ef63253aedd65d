/**
 * What a person is advised to do by hand, in words that several refusals and notes share.
 *
 * @module
 */

/** The key of zoo.cfg that says which four-letter words are let through; `srvr` alone where it is not there. */
export const WORDS = "4lw.commands.whitelist";

/** A list of words with `conf` in it. It replaces the one that is there, so all that probes already ask for stay in it. */
export function withConf(found: readonly (string | undefined)[]): string {
  const words = found.flatMap((list) => (list ?? "").split(",")).map((word) => word.trim());
  return words.includes("*")
    ? "*"
    : [...new Set([...words, "srvr", "conf"])].filter((w) => w !== "").join(",");
}

/** `set /quorate …` and the like: not everybody may write that znode. */
export const inShell = (command: string): string =>
  "in ZooKeeper's shell at a member, after `addauth` with what the file of options.auth there holds (without that option " +
  `/var/lib/quorate/SERVICE/super, for the server of that node alone): ${command}`;
