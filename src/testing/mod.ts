/**
 * What authors of playbooks and plugins test with, imported as `"quorate/testing"`. No host is asked, and no time passes.
 *
 * @module
 */
export { type Applied, FakeFleet, type FakeFleetOptions } from "./fake_fleet.ts";
export { planCase, type PlannedCase, type WhichCase } from "./plan_case.ts";
export type { Subject } from "./subject.ts";
