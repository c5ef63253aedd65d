/**
 * Where a lab keeps things on the machine: every name that it makes is derived from the lab's own.
 *
 * @module
 */

/** Labs that are up, one folder and one lock file each. */
export const RUN = "/run/quorate-lab";
/** What outlives labs: unpacked packages. */
export const CACHE = "/var/cache/quorate-lab";
/** The management side's name where hosts have theirs. */
export const MGMT = "mgmt";

export interface Place {
  readonly name: string;
  /** A tmpfs: the prepared layer, the client's files, a folder a host. */
  readonly root: string;
  readonly client: string;
  /** A flock on it is held for as long as the lab's owner lives. */
  readonly lock: string;
  /** Exists where the lab is to outlive the process that started it. */
  readonly kept: string;
  readonly cgroup: string;
  /** The first three bytes of its addresses; labs share no wire, so that two with the same ones do not meet. */
  readonly subnet: string;
  /** The namespace with the bridge. */
  readonly bridge: string;
  netns(host: string): string;
  disk(host: string): string;
}

const VALID = /^[a-z][a-z0-9-]{0,12}$/;

export function placeOf(name: string): Place {
  checkName("lab", name);
  const root = `${RUN}/${name}`;
  const byte = [...name].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 251, 7);
  return {
    name,
    root,
    client: `${root}/client`,
    lock: `${root}.lock`,
    kept: `${root}/kept`,
    cgroup: `${cgroupRoot()}/quorate-lab/${name}`,
    subnet: `10.90.${byte}`,
    bridge: `ql.${name}..br`,
    netns: (host) => `ql.${name}.${host}`,
    disk: (host) => `${root}/hosts/${host}`,
  };
}

/** Twelve letters at most after the first: a host's name is also that of its bridge port. */
export function checkName(kind: "lab" | "host", name: string): void {
  if (!VALID.test(name) || name === MGMT) {
    throw new TypeError(
      `Cannot name a ${kind} "${name}": it must match ${VALID.source} and not be "${MGMT}"`,
    );
  }
}

/** The cgroup v2 hierarchy: of its own on a hybrid machine, the only one elsewhere. */
export function cgroupRoot(): string {
  for (const root of ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"]) {
    if (exists(`${root}/cgroup.procs`)) return root;
  }
  throw new Error("The lab needs cgroup v2: mount it, e.g. `mount -t cgroup2 none /sys/fs/cgroup/unified`");
}

export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
