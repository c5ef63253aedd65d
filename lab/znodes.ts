/**
 * ZooKeeper's own shell on the management side: as a witness, and as a client that writes all the while.
 *
 * @module
 */
import type { Lab } from "./mod.ts";
import { type Running, until } from "./process.ts";
import type { Judged } from "./writes.ts";

/** A small Java that starts soon. */
export const SMALL_JVM =
  "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn";
const SHELL =
  `java -Xmx64m ${SMALL_JVM} -cp /usr/share/java/zookeeper.jar org.apache.zookeeper.ZooKeeperMain`;
/** Writes have to go on within this where a quorum is held: an election and a machine that is busy are in it. */
const GOES_ON_MS = 30_000;

/** What the shell printed for these lines, at one of these servers. */
export async function zkShell(
  lab: Lab,
  servers: readonly string[],
  ...lines: readonly string[]
): Promise<string> {
  const script = `printf '%s\\n' "$@" | timeout 30 ${SHELL} -server "$0" 2>&1`;
  return (await lab.exec(["sh", "-c", script, servers.join(","), ...lines, "quit"])).stdout;
}

/** Creates `/writer/1`, `/writer/2`, … over one session at whichever server lives, until it is ended. */
export class ZnodeWrites implements AsyncDisposable {
  private constructor(readonly lab: Lab, readonly running: Running) {}

  /** `serving`: who serves now; `servers`: who may come to. Each as `ADDRESS:PORT`. */
  static async start(
    lab: Lab,
    serving: readonly string[],
    servers: readonly string[],
    pauseMs = 100,
  ): Promise<ZnodeWrites> {
    await zkShell(lab, serving, "create /writer");
    // An answer that was lost is not asked for again, so a write counts only where it was acknowledged. `timeout` ends
    // all of the pipe when it is told to end.
    const script = `i=0; while i=$((i + 1)); do echo "create /writer/$i $i"; sleep ${pauseMs / 1000}; done |
      ${SHELL} -timeout 10000 -server "$0" 2>&1 | while read -r line; do echo "$(date +%s%3N) $line"; done`;
    return new ZnodeWrites(lab, lab.spawn(["timeout", "1800", "bash", "-c", script, servers.join(",")]));
  }

  #acknowledged(): readonly { readonly at: number; readonly key: string }[] {
    return [...this.running.stdout().matchAll(/^(\d+) Created (\/writer\/\d+)$/gm)].map(([, at, key]) => ({
      at: Number(at),
      key: key ?? "",
    }));
  }

  /**
   * Some more writes are acknowledged: the quorum is held. By the time of each, for what was acknowledged before may not
   * have been read yet; the first may have been on its way.
   */
  async goesOn(when: string): Promise<void> {
    const since = Date.now();
    const more = () => this.#acknowledged().filter(({ at }) => at > since).length;
    await until(`writes go on ${when}`, () => more() >= 3, GOES_ON_MS);
  }

  /** Ends it; this server, once it has caught up, shows each write that was acknowledged. */
  async judge(server: string): Promise<Judged> {
    await this[Symbol.asyncDispose]();
    const said = await zkShell(this.lab, [server], "sync /writer", "ls /writer");
    const kept = new Set(/^\[(.*)\]$/m.exec(said)?.[1]?.split(", "));
    const written = this.#acknowledged();
    return {
      acknowledged: written.length,
      failed: this.running.stdout().match(/KeeperErrorCode/g)?.length ?? 0,
      lost: written.map(({ key }) => key).filter((key) => !kept.has(key.slice("/writer/".length))),
      stallMs: Math.max(0, ...written.map(({ at }, i) => at - (written[i - 1]?.at ?? at))),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.running.kill("SIGTERM");
    await this.running.exited;
  }
}
