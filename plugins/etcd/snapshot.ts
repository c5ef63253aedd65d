/**
 * What an etcd snapshot holds, read without etcd: a bbolt file, and the SHA-256 of it appended (`etcdctl snapshot save`,
 * 3.4 to 3.6: the size of a bbolt file is a multiple of 512, so 32 bytes more are that sum).
 *
 * bbolt: pages of one size; two meta pages, of which the newer valid one names the root bucket; a bucket is a B+ tree of
 * branch and leaf pages (`page.go`, `bucket.go`). Revisions are the keys of the bucket `key`: main revision as eight
 * bytes, `_`, sub revision; the last one is the snapshot's, as `etcdctl snapshot status` tells it.
 *
 * @module
 */
import type { RecordedMember, SnapshotBytes, SnapshotSight } from "quorate";
import { idOf, objectOf, parseJson, textOf, textsOf } from "./json.ts";

const SUM = 32;
const SECTOR = 512;

/** Reads a snapshot; never throws for what the file holds. */
export async function readSnapshot(file: SnapshotBytes): Promise<SnapshotSight> {
  const sight = (revision?: bigint, hash?: string, damage?: string): SnapshotSight => ({
    revision,
    hash,
    damage,
  });
  if (file.size % SECTOR !== SUM || file.size <= SUM) {
    return sight(undefined, undefined, "it was cut off, or is no snapshot: no SHA-256 follows the data");
  }
  const length = file.size - SUM;
  const [told, hash] = [(await file.read(length, SUM)).toHex(), await file.sha256(length)];
  if (told !== hash) {
    return sight(undefined, told, `it is damaged: its data has the SHA-256 ${hash}, not the one at its end`);
  }
  const tree = await treeOf(file, length);
  const revision = tree === undefined ? undefined : await revisionOf(tree);
  if (tree === undefined || revision === undefined) {
    return sight(undefined, hash, "its database cannot be read, or is not etcd's");
  }
  const [version, members] = [await versionOf(tree), await membersOf(tree)];
  return {
    ...sight(revision, hash),
    ...(version === undefined ? {} : { version }),
    ...(members === undefined ? {} : { members }),
  };
}

const MAGIC = 0xed0cdaed;
const HEADER = 16;
const ELEMENT = 16;
const LEAF = 2;
const BRANCH = 1;
/** A tree of more levels is a circle. */
const MOST_LEVELS = 32;
/** Members and the like take one or two. */
const MOST_PAGES = 64;
/** bbolt's page size is the machine's own, at most 64 KiB; a page that overflows takes several. */
const LARGEST_PAGE = 64 * 1024;
const LARGEST_READ = 64 * 1024 * 1024;

interface Page {
  readonly leaf: boolean;
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
}
interface Tree {
  readonly file: SnapshotBytes;
  readonly pageSize: number;
  readonly end: number;
  readonly root: bigint;
}

async function treeOf(file: SnapshotBytes, end: number): Promise<Tree | undefined> {
  const meta = await newestMeta(file, end);
  return meta === undefined ? undefined : { file, pageSize: meta.pageSize, end, root: meta.root };
}

/** The version that the cluster had agreed on. */
async function versionOf(tree: Tree): Promise<string | undefined> {
  const entries = await entriesIn(tree, "cluster");
  const found = entries?.find(({ key }) => text(key) === "clusterVersion");
  const version = found === undefined ? "" : text(found.value);
  return /^\d+\.\d+\.\d+$/.test(version) ? version : undefined;
}

/** Whose snapshot it is: the store of members that 3.4 and later keep. */
async function membersOf(tree: Tree): Promise<readonly RecordedMember[] | undefined> {
  const entries = await entriesIn(tree, "members");
  const members = entries?.map(({ value }) => objectOf(parseJson(new TextDecoder().decode(value)))).map((
    m,
  ) => ({
    id: idOf(m.id) ?? "",
    name: textOf(m.name) ?? "",
    role: m.isLearner === true ? "learner" as const : "voter" as const,
    peerUrls: textsOf(m.peerURLs),
    clientUrls: textsOf(m.clientURLs),
  }));
  return members === undefined || members.length === 0 ? undefined : members;
}

/** 0 for a database that nobody has written to. */
async function revisionOf(tree: Tree): Promise<bigint | undefined> {
  const bucket = await bucketIn(tree, "key");
  if (bucket === undefined) return undefined;
  const page = bucket.root === 0n ? pageOf(bucket.inline) : await pageAt(tree, bucket.root);
  const last = await lastKey(tree, page);
  if (last === "none") return 0n;
  if (last === undefined || last.length < 17 || last[8] !== "_".charCodeAt(0)) return undefined;
  return viewOf(last).getBigUint64(0);
}

async function newestMeta(file: SnapshotBytes, end: number) {
  // The second meta page begins at the page size, which only the first one tells.
  const first = metaOf(await file.read(0, 80), end);
  const size = first?.pageSize ?? 4096;
  const second = metaOf(await file.read(size, 80), end);
  if (first === undefined || second === undefined) return first ?? second;
  return second.txid > first.txid ? second : first;
}
function metaOf(bytes: Uint8Array, end: number) {
  if (bytes.length < 80) return undefined;
  const view = viewOf(bytes);
  const at = (offset: number) => view.getUint32(HEADER + offset, true);
  const pageSize = at(8);
  if (at(0) !== MAGIC || at(4) !== 2 || pageSize < SECTOR || pageSize > LARGEST_PAGE || pageSize > end) {
    return undefined;
  }
  return { pageSize, root: view.getBigUint64(HEADER + 16, true), txid: view.getBigUint64(HEADER + 48, true) };
}

/** A bucket of the root, whose own pages come with its value while they are few. */
async function bucketIn(tree: Tree, name: string) {
  let page = await pageAt(tree, tree.root);
  for (let level = 0; page !== undefined && level < MOST_LEVELS; level++) {
    if (page.leaf) {
      for (let i = 0; i < page.count; i++) {
        const { key, value } = leafAt(page, i) ?? {};
        if (key === undefined || value === undefined || value.length < 16 || text(key) !== name) continue;
        return { root: viewOf(value).getBigUint64(0, true), inline: value.subarray(16) };
      }
      return undefined;
    }
    // The last child whose first key is not behind the name.
    let child: bigint | undefined;
    for (let i = 0; i < page.count; i++) {
      const branch = branchAt(page, i);
      if (branch !== undefined && (i === 0 || text(branch.key) <= name)) child = branch.child;
    }
    page = child === undefined ? undefined : await pageAt(tree, child);
  }
  return undefined;
}

/** All of a small bucket; undefined where there is none, or it cannot be read. */
async function entriesIn(tree: Tree, name: string) {
  const bucket = await bucketIn(tree, name);
  if (bucket === undefined) return undefined;
  const first = bucket.root === 0n ? pageOf(bucket.inline) : await pageAt(tree, bucket.root);
  const pages = first === undefined ? [] : [first];
  const found: { readonly key: Uint8Array; readonly value: Uint8Array }[] = [];
  for (let at = 0; at < pages.length && at < MOST_PAGES; at++) {
    const page = pages[at];
    for (let i = 0; page !== undefined && i < page.count; i++) {
      const leaf = page.leaf ? leafAt(page, i) : undefined;
      if (leaf !== undefined) found.push(leaf);
      const child = page.leaf ? undefined : branchAt(page, i)?.child;
      const next = child === undefined ? undefined : await pageAt(tree, child);
      if (next !== undefined) pages.push(next);
    }
  }
  return found;
}

async function lastKey(tree: Tree, from: Page | undefined): Promise<Uint8Array | "none" | undefined> {
  let page = from;
  for (let level = 0; page !== undefined && level < MOST_LEVELS; level++) {
    if (page.leaf) return page.count === 0 ? "none" : leafAt(page, page.count - 1)?.key;
    const branch = branchAt(page, page.count - 1);
    page = branch === undefined ? undefined : await pageAt(tree, branch.child);
  }
  return undefined;
}

async function pageAt({ file, pageSize, end }: Tree, id: bigint): Promise<Page | undefined> {
  const at = id * BigInt(pageSize);
  if (at < 0n || at + BigInt(pageSize) > BigInt(end)) return undefined;
  const start = Number(at);
  const head = await file.read(start, HEADER);
  if (head.length < HEADER) return undefined;
  const size = (viewOf(head).getUint32(12, true) + 1) * pageSize;
  if (size > LARGEST_READ || start + size > end) return undefined;
  return pageOf(await file.read(start, size));
}
function pageOf(bytes: Uint8Array): Page | undefined {
  if (bytes.length < HEADER) return undefined;
  const view = viewOf(bytes);
  const flags = view.getUint16(8, true), count = view.getUint16(10, true);
  return (flags !== LEAF && flags !== BRANCH) || HEADER + count * ELEMENT > bytes.length
    ? undefined
    : { leaf: flags === LEAF, count, bytes, view };
}
function leafAt({ bytes, view }: Page, i: number) {
  const at = HEADER + i * ELEMENT;
  const from = at + view.getUint32(at + 4, true);
  const middle = from + view.getUint32(at + 8, true), end = middle + view.getUint32(at + 12, true);
  return end > bytes.length
    ? undefined
    : { key: bytes.subarray(from, middle), value: bytes.subarray(middle, end) };
}
function branchAt({ bytes, view, count }: Page, i: number) {
  if (i < 0 || i >= count) return undefined;
  const at = HEADER + i * ELEMENT;
  const from = at + view.getUint32(at, true), end = from + view.getUint32(at + 4, true);
  return end > bytes.length
    ? undefined
    : { key: bytes.subarray(from, end), child: view.getBigUint64(at + 8, true) };
}
const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
/** Names of buckets are ASCII, so they sort as their bytes do. */
const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes.subarray(0, 64));
