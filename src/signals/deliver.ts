/**
 * The ways to people: a webhook and a program. Each has a deadline, and neither throws.
 *
 * @module
 */
import type { Alerts } from "../config/config.ts";
import type { Channel } from "./incident.ts";
import type { Message } from "./message.ts";

/** Gives a message to one of them; why it did not arrive, without what is secret in a URL. */
export function deliver(channel: Channel, alerts: Alerts, message: Message): Promise<string | undefined> {
  const { webhook, command, timeoutMs } = alerts;
  if (channel === "webhook" && webhook !== undefined) return post(webhook, message, timeoutMs);
  if (channel === "command" && command !== undefined) return start(command, message, timeoutMs);
  return Promise.resolve(undefined);
}

const SENDING = "error sending request for url (";

async function post(url: string, message: Message, timeoutMs: number): Promise<string | undefined> {
  const to = `the webhook at ${hostOf(url)}`;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", "user-agent": "quorate" },
      body: JSON.stringify(message) + "\n",
      // Whatever another address would be sent was not meant for it.
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    return response.ok ? undefined : `${to} answered ${response.status}`;
  } catch (error) {
    if (error instanceof DOMException && error.name === "TimeoutError") {
      return `${to} did not answer within ${timeoutMs / 1000} s`;
    }
    // The runtime's own words are "… for url (URL): why": nothing before the why is told.
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : "";
    const why = cause.startsWith(SENDING) ? cause.split("): ").slice(1).join("): ") : "";
    return `${to} was not reached${why === "" || why.includes(url) ? "" : `: ${why}`}`;
  }
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return "an address that is none";
  }
}

/** The same for cron and for systemd; and what opens key files is not for everybody. */
const ENVIRONMENT = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };
const GRACE_S = 2;

async function start(
  [program = "", ...args]: readonly string[],
  message: Message,
  timeoutMs: number,
): Promise<string | undefined> {
  try {
    const child = new Deno.Command("timeout", {
      args: ["-k", String(GRACE_S), String(timeoutMs / 1000), program, ...args],
      clearEnv: true,
      env: ENVIRONMENT,
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const stdin = child.stdin.getWriter();
    // One that does not read its input to the end leaves a broken pipe behind: no matter.
    const fed = stdin.write(new TextEncoder().encode(JSON.stringify(message) + "\n")).then(() =>
      stdin.close()
    );
    const [{ code }] = await Promise.all([child.status, fed.catch(() => {})]);
    if (code === 0) return undefined;
    return code === 124 || code === 137
      ? `${program} did not end within ${timeoutMs / 1000} s`
      : code === 126 || code === 127
      ? `${program} could not be started`
      : `${program} ended with exit code ${code}`;
  } catch (error) {
    return `${program} could not be started: ${error instanceof Error ? error.message : error}`;
  }
}
