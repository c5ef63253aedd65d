/**
 * Whose word a file is: what stands in a playbook or a plugin runs with the rights of whoever runs Quorate, so nobody
 * else may be able to write it, or to put another file in its place.
 *
 * @module
 */
import { dirname, join, resolve } from "node:path";

/** Why a file is not trusted, and what to do about it. */
export interface Distrust {
  readonly message: string;
  readonly hint: string;
}

/** What of a file or folder decides whether it is trusted. */
export type Owned = Pick<Deno.FileInfo, "uid" | "mode">;

const WRITABLE = 0o022;
const STICKY = 0o1000;
/** As many as Linux itself follows. */
const MOST_LINKS = 40;

/** What speaks against a file that is open: `info` is of the open file, so that nobody can change it in between. */
export function distrustOf(path: string, info: Owned, uid: number | null): Distrust | undefined {
  const own = distrust(path, info, uid, false);
  if (own !== undefined) return own;
  for (const folder of foldersTo(path)) {
    const found = distrust(folder, Deno.statSync(folder), uid, true);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What speaks against one file or folder by itself. */
export function distrust(
  path: string,
  { uid: owner, mode }: Owned,
  uid: number | null,
  folder: boolean,
): Distrust | undefined {
  // A system without owners has nothing to tell.
  if (owner === null || mode === null || uid === null) return undefined;
  if (owner !== 0 && owner !== uid) {
    return {
      message: `${path} belongs to uid ${owner}, who could change what runs here`,
      hint: uid === 0 ? `chown root ${path}` : `chown it to yourself (uid ${uid}) or to root`,
    };
  }
  // In a sticky folder, such as /tmp, nobody can rename or remove what is another's.
  if ((mode & WRITABLE) === 0 || (folder && (mode & STICKY) !== 0)) return undefined;
  const who = (mode & 0o002) !== 0 ? "everybody" : "its group";
  return { message: `${path} can be written by ${who}`, hint: `chmod go-w ${path}` };
}

/** Every folder in which a name of this path is looked up, links followed: a link could be put in place of each. */
function foldersTo(path: string): ReadonlySet<string> {
  const folders = new Set<string>();
  let names = resolve(path).split("/").filter((name) => name !== "");
  let at = "/";
  for (let links = 0; names.length > 0;) {
    const [name = "", ...rest] = names;
    folders.add(at);
    const next = join(at, name);
    if (!Deno.lstatSync(next).isSymlink) {
      [at, names] = [next, rest];
      continue;
    }
    if (++links > MOST_LINKS) throw new Error(`Cannot read ${path}: too many links`);
    const target = resolve(dirname(next), Deno.readLinkSync(next));
    [at, names] = ["/", [...target.split("/").filter((one) => one !== ""), ...rest]];
  }
  return folders;
}
