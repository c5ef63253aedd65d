/**
 * The engine: what the command line calls.
 *
 * @module
 */
export { applyService, lookAt } from "./apply.ts";
export type { Applied } from "./begin.ts";
export { type Checks, nodeChecks } from "./checks.ts";
export type { Clock, Outside, ServiceRun, SnapshotFile, Store } from "./outside.ts";
