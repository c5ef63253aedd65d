/**
 * Shell functions of the etcd playbook's own steps. They call those that every node check and step can call
 * (`quorate_…`), and are sent along with them.
 *
 * - `etcd_unit UNIT USER CONTENT` writes a unit where there is only the binary, and its user.
 * - `etcd_stage SERVICE UNIT DIR BINARY` sees that etcd could be started: program, unit, an empty data directory that
 *   the unit's user owns; and lifts a fence of ours.
 * - `etcd_start_new SERVICE UNIT DIR` starts a first time as `new`. In one shell it sees that the intent is there, that
 *   this node was never started, that there is no data and no process; then marks it, durably, and only then starts.
 *   A mark without data means from then on that acknowledged data was lost (S1).
 * - `etcd_holds DIR MEMBER` succeeds unless it sees that this member's data is not there.
 *
 * @module
 */
import { diskIdShell } from "./disk.ts";
import steps from "./steps.sh" with { type: "text" };

export const etcdShell: string = `${diskIdShell}\n${steps}`;
