/**
 * Services as later Debian releases have them, for hosts that are made of Debian 12: unpacked aside, with apt's own lists
 * and sources as they were, and laid over a host's files.
 *
 * @module
 */
import { CACHE, exists, type Place } from "./place.ts";
import { sh } from "./process.ts";

/** Two labs may be started at once. */
export const ONE_AT_A_TIME = "exec 9>/run/lock/quorate-lab-setup; flock 9";

const SUITES = ["trixie", "testing", "unstable"];

interface Release {
  readonly version: string;
  readonly packages: readonly string[];
  /** What of them a host gets, below `/`. */
  readonly folder: string;
}

const RELEASES = {
  etcd: { version: "3.5", packages: ["etcd-server", "etcd-client"], folder: "usr/bin" },
  // Debian 12 has all that its classes load, and a Java that takes them.
  zookeeper: { version: "3.9", packages: ["libzookeeper-java"], folder: "usr/share/java" },
} as const satisfies Readonly<Record<string, Release>>;

/** A service that there is a later release of. */
export type Later = keyof typeof RELEASES;

const nameOf = (what: Later): string => `${what}-${RELEASES[what].version}`;

/** Where what a later release brings is on this machine. */
export const unpackedLater = (what: Later): string => `${CACHE}/${nameOf(what)}`;

/** Fetches the newest of its version and unpacks it, unless it is there; throws with what to do where it cannot. */
export async function unpackLater(what: Later): Promise<void> {
  const to = unpackedLater(what);
  if (exists(to)) return;
  const { version, packages, folder } = RELEASES[what];
  console.error(`lab: fetching ${what} ${version} from a later Debian into ${to}`);
  const script = `${ONE_AT_A_TIME}
    to=$1 wanted=$2 folder=$3 suites=$4; shift 4
    if [ -e $to ]; then exit 0; fi
    work=$(mktemp -d); trap 'rm -rf $work' EXIT
    mkdir -p $work/lists/partial $work/debs $work/tree
    for suite in $suites; do
      echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $suite main"
    done >$work/sources.list
    apt="-o Dir::Etc::sourcelist=$work/sources.list -o Dir::Etc::sourceparts=- -o Dir::State::lists=$work/lists
      -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root"
    apt-get $apt -qq update
    for package; do
      version=$(apt-cache $apt madison $package | awk -v v=$wanted. 'index($3, v) == 1 { print $3 }' | sort -V | tail -n 1)
      (cd $work/debs && apt-get $apt -qq download $package=$version)
    done
    for deb in $work/debs/*.deb; do dpkg -x $deb $work/tree; done
    mkdir -p "$(dirname $to)"; rm -rf $to.part; mv $work/tree/$folder $to.part; mv -T $to.part $to`;
  await sh(script, [to, version, folder, SUITES.join(" "), ...packages], { timeoutMs: 600_000 }).catch(
    (error: Error) => {
      throw new Error(
        `Cannot fetch ${what} ${version}: put what ${
          packages.join(" and ")
        } of that version have in /${folder} into ` +
          `${to} by hand, then start again\n${error.message}`,
      );
    },
  );
}

/** A layer with that alone, above the others; files that only this machine's release has are gone in it. */
export async function buildLater(place: Place, what: Later): Promise<void> {
  const layer = laterLayer(place, what);
  if (exists(layer)) return;
  const { packages, folder } = RELEASES[what];
  const script = `
    layer=$1 from=$2 folder=$3; shift 3
    mkdir -p $layer.part/\${folder%/*}; cp -a $from $layer.part/$folder
    dpkg -L "$@" | grep "^/$folder/" | while read -r file; do
      if [ ! -d $file ] && [ ! -e $layer.part$file ] && [ ! -L $layer.part$file ]; then mknod $layer.part$file c 0 0; fi
    done
    mv $layer.part $layer`;
  await sh(script, [layer, unpackedLater(what), folder, ...packages]);
}

export const laterLayer = (place: Place, what: Later): string => `${place.root}/${nameOf(what)}`;
