/**
 * Real hosts over SSH.
 *
 * @module
 */
export { sshFleet, type SshFleetOptions } from "./fleet.ts";
export type { SshSettings, SshTarget } from "./settings.ts";
