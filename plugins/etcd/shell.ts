/**
 * Shell functions of the etcd playbook's own steps. They call those that every node check and step can call
 * (`quorate_…`), and are sent along with them.
 *
 * - `etcd_unit UNIT USER CONTENT` writes a unit where there is only the binary, and its user.
 * - `etcd_stage SERVICE UNIT DIR BINARY` and `etcd_start_new SERVICE UNIT DIR` are `quorate_stage` and `quorate_start_new`
 *   for etcd.
 *
 * @module
 */
import { diskIdShell } from "./disk.ts";
import steps from "./steps.sh" with { type: "text" };

export const etcdShell: string = `${diskIdShell}\n${steps}`;
