/**
 * Shell functions of the etcd playbook's own steps. They call those that every node check and step can call
 * (`quorate_…`), and are sent along with them.
 *
 * - `etcd_unit UNIT USER CONTENT` writes a unit where there is only the binary, and its user.
 * - `etcd_stage SERVICE UNIT DIR BINARY`, `etcd_start_new SERVICE UNIT DIR` and `etcd_holds DIR MEMBER` are
 *   `quorate_stage`, `quorate_start_new` and `quorate_holds` for etcd.
 *
 * @module
 */
import { diskIdShell } from "./disk.ts";
import steps from "./steps.sh" with { type: "text" };

export const etcdShell: string = `${diskIdShell}\n${steps}`;
