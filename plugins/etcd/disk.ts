/**
 * Whose data lies in a data directory, read from the disk with `od`, without etcd and without its help.
 *
 * Every segment of etcd's write-ahead log begins with a record of its checksum and one of the node id and the cluster
 * id (`server/wal`: a frame is a 64-bit length, the record as protobuf, padding to eight bytes; 3.4 to 3.6 alike).
 * `etcd_disk_id DIR [WALDIR]` prints both as etcd does, in hexadecimal without leading zeros, then `pristine` where
 * they are the ids of a package's default, and `unwritten` where its log shows that nobody wrote to it; or `blank` where the log of such ids holds nothing; it returns 1 where there is no data, and 2, with the reason on standard
 * error, where it cannot tell.
 *
 * @module
 */
import text from "./disk.sh" with { type: "text" };

export const diskIdShell: string = text;
