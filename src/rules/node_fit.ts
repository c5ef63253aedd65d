/**
 * What a node must offer before Quorate acts on it. A unit that a person masked or disabled is respected and named.
 *
 * @module
 */
import type { HostNode, NodeFacts } from "../model/node.ts";
import type { Refusal } from "../model/refusal.ts";

/** Why nothing can be done on this node, or undefined. */
export function unfit(n: HostNode, f: NodeFacts | undefined): Refusal | undefined {
  if (f === undefined || !f.reached) {
    return {
      rule: "S4",
      evidence: `${n.name} cannot be reached: ${f?.trouble?.detail ?? "it was not looked at"}`,
      unblock: f?.trouble?.unblock ?? `make ${n.name} reachable over SSH`,
    };
  }
  if (f.missing.length > 0) {
    return {
      rule: "node",
      evidence: `${n.name} lacks ${f.missing.join(", ")}`,
      unblock: `install ${f.missing.join(", ")} on ${n.name}`,
    };
  }
  if (f.disk?.readOnly === true) {
    return {
      rule: "node",
      evidence: `the disk for the data directory of ${n.name} is read-only`,
      unblock: `look at dmesg on ${n.name}, and mount it writable again`,
    };
  }
  return undefined;
}

/**
 * What is as good as no room: a service that is started here may even serve for a moment, and ends at its next write.
 * Who runs already is left alone, and so is a service whose quorum is lost: there every start is worth a try.
 */
const FULL_BYTES = 1024 ** 2;

/** Why nothing can be started on this node although it can be acted on, or undefined. */
export function full(n: HostNode, f: NodeFacts | undefined): Refusal | undefined {
  if (f?.disk === undefined || f.disk.freeBytes >= FULL_BYTES) return undefined;
  return {
    rule: "node",
    evidence: `the disk for the data directory of ${n.name} is full`,
    unblock: `make room on ${n.name}; the next run goes on from there`,
  };
}

/**
 * A person's own word on the unit. `stopped`: also a disabled unit counts, since a person stopped this member, unless a
 * fence of ours did that. A fence masks nothing: a mask is a person's, fence or not.
 */
export function heldByPerson(n: HostNode, f: NodeFacts, what: "masked" | "stopped"): Refusal | undefined {
  const masked = f.unit.load === "masked" || f.unit.enabled.startsWith("masked");
  if (masked) {
    return {
      rule: "masked",
      evidence: `the unit on ${n.name} is masked: a person did that`,
      unblock: `systemctl unmask it on ${n.name}, if it may run again`,
    };
  }
  // Until a bootstrap of ours gets there the unit is not enabled, by ourselves; it is before a latch is written.
  const ours = typeof f.intent !== "string" && f.latch === "none";
  if (
    what === "stopped" && !ours && f.fenced !== "yes" && f.unit.load === "loaded" &&
    f.unit.enabled === "disabled"
  ) {
    return {
      rule: "masked",
      evidence: `the unit on ${n.name} is stopped and disabled: a person did that`,
      unblock: `systemctl enable it on ${n.name}, if it may run again; Quorate then starts it`,
    };
  }
  return undefined;
}
