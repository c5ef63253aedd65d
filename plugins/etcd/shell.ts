/**
 * Shell functions of the etcd playbook's own steps. They call those that every node check and step can call
 * (`quorate_…`), and are sent along with them.
 *
 * - `etcd_unit UNIT USER CONTENT` writes a unit where there is only the binary, and its user.
 * - `etcd_stage SERVICE UNIT DIR BINARY` and `etcd_start_new SERVICE UNIT DIR` are `quorate_stage` and `quorate_start_new`
 *   for etcd.
 * - `etcd_log_end DIR` says how far a log goes; `etcd_ready_disk UNIT DIR BINARY NODE URL TOKEN` and
 *   `etcd_ready_snapshot UNIT DIR FILE NODE URL TOKEN` make data ready with which a cluster begins again (S19).
 *
 * @module
 */
import { diskIdShell } from "./disk.ts";
import again from "./again.sh" with { type: "text" };
import steps from "./steps.sh" with { type: "text" };

export const etcdShell: string = `${diskIdShell}\n${steps}\n${again}`;
