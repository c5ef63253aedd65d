/**
 * Files that are replaced as a whole.
 *
 * @module
 */
import { dirname } from "node:path";

/** Whoever reads sees the former text or this one, whole, also after a crash or a power cut. Nothing stays where it fails. */
export async function writeAside(path: string, text: string, mode = 0o600): Promise<void> {
  const aside = `${path}.${Deno.pid}.new`;
  try {
    {
      using file = await Deno.open(aside, { write: true, create: true, truncate: true, mode });
      await writeAll(file, new TextEncoder().encode(text));
      // A umask takes bits away.
      await Deno.chmod(aside, mode);
      await file.sync();
    }
    await Deno.rename(aside, path);
  } catch (error) {
    await Deno.remove(aside).catch(() => {});
    throw error;
  }
  await syncDir(path);
}

/** Makes a rename last. */
export async function syncDir(path: string): Promise<void> {
  using dir = await Deno.open(dirname(path));
  await dir.sync();
}

export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}
