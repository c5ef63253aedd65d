/**
 * Who owns a lab, and how every trace of one goes: the same few commands on every way out, also for what a killed
 * owner left. Synchronous, since an `unload` listener may not wait.
 *
 * @module
 */
import { exists, MGMT, type Place, placeOf, RUN } from "./place.ts";
import { until } from "./process.ts";

const CLEAN = `
  cgroup=$1 root=$2 mgmt=$3 prefix=$4
  if ip netns list | grep -qw -- "$mgmt"; then ip netns pids $mgmt | xargs -r kill -9 || true; fi
  if [ -d $cgroup ]; then
    echo 1 >$cgroup/cgroup.kill
    for try in $(seq 6000); do
      if grep -q 'populated 0' $cgroup/cgroup.events; then break; fi
      sleep 0.01
    done
    for try in $(seq 500); do
      if find $cgroup -depth -type d -exec rmdir {} + 2>/dev/null; then break; fi
      sleep 0.02
    done
    rmdir --ignore-fail-on-non-empty $(dirname $cgroup) || true
  fi
  for netns in $(ip netns list | cut -d' ' -f1); do
    case $netns in "$prefix"*) ip netns delete $netns ;; esac
  done
  rm -rf /etc/netns/$mgmt
  rmdir --ignore-fail-on-non-empty /etc/netns 2>/dev/null || true
  # Emptied first: a host of another lab may hold a copy of these mounts, and their memory with it.
  for mount in $(awk -v root=$root '$5 == root || index($5, root "/") == 1 { print $5 }' /proc/self/mountinfo | tac); do
    rm -rf $mount/* || true
    umount -l $mount
  done
  rm -rf $root
  [ ! -d $cgroup ]`;

/** Ends every process of the lab and takes away its cgroups, namespaces and mounts; throws when something stays. */
export function cleanUp(place: Place): void {
  const args = [place.cgroup, place.root, place.netns(MGMT), place.netns("")];
  const { success, stderr } = new Deno.Command("bash", {
    args: ["-euo", "pipefail", "-c", CLEAN, "lab", ...args],
    stdin: "null",
  }).outputSync();
  if (success) return;
  throw new Error(`Lab "${place.name}" did not go: ${new TextDecoder().decode(stderr)}; see ${place.cgroup}`);
}

/** Holds the lab's name until it is released, or until this process ends in whatever way. */
export interface Claim {
  release(): void;
}

/** Undefined while another process, or another part of this one, holds the name; an owner's process id is in the file. */
export function claim(place: Place, as: "owner" | "cleaner"): Claim | undefined {
  Deno.mkdirSync(RUN, { recursive: true });
  for (;;) {
    const file = Deno.openSync(place.lock, { create: true, write: true });
    if (!file.tryLockSync(true)) {
      file.close();
      return undefined;
    }
    // The former holder may have removed the file between our opening and our locking it: then the lock is nobody's.
    if (exists(place.lock) && Deno.statSync(place.lock).ino === file.statSync().ino) {
      file.truncateSync();
      if (as === "owner") file.writeSync(new TextEncoder().encode(`${Deno.pid}`));
      return {
        release: () => {
          Deno.removeSync(place.lock);
          file.close();
        },
      };
    }
    file.close();
  }
}

/** As an owner, once whoever cleans up there is done; throws where the lab is in use or is to stay. */
export async function own(place: Place): Promise<Claim> {
  let held: Claim | undefined;
  await until(`lab "${place.name}" is cleaned up`, () => {
    held = claim(place, "owner");
    if (held) return true;
    const owner = exists(place.lock) && Deno.readTextFileSync(place.lock);
    if (!owner) return false;
    throw new Error(`Lab "${place.name}" is in use by process ${owner}: end it or take another name`);
  });
  if (!held) throw new Error(`Lab "${place.name}" cannot be locked: see ${place.lock}`);
  if (!exists(place.kept)) return held;
  held.release();
  throw new Error(
    `Lab "${place.name}" is kept up: take it down with \`deno task lab down --name ${place.name}\``,
  );
}

/** Names of labs of which there is a trace. */
export function labNames(): string[] {
  if (!exists(RUN)) return [];
  const names = [...Deno.readDirSync(RUN)].map((entry) => entry.name.replace(/\.lock$/, ""));
  return [...new Set(names)].sort();
}

/** Takes away every lab whose owner has died, except those that were to outlive it. */
export function sweep(): void {
  for (const place of labNames().map(placeOf)) {
    if (exists(place.kept)) continue;
    const held = claim(place, "cleaner");
    if (!held) continue;
    try {
      if (!exists(place.kept)) cleanUp(place);
    } finally {
      held.release();
    }
  }
}

/**
 * Calls `clean` on every way out of this process but a SIGKILL. For good: a Ctrl-C ends the programs that were started as
 * well, and when what they leave is taken away first, the signal must still find its listener.
 */
export function onExit(clean: () => void): void {
  for (const event of ["unload", "error", "unhandledrejection"]) globalThis.addEventListener(event, clean);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    const end = () => {
      clean();
      Deno.removeSignalListener(signal, end);
      Deno.kill(Deno.pid, signal); // and now what the signal does by default
    };
    Deno.addSignalListener(signal, end);
  }
}
