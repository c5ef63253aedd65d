/**
 * The least that a program on this runtime can do: it sends `DIR/checks/HOST` to each host at once, over a connection of
 * ssh2 each, and prints what comes back. It reads no config, verifies no host key and understands no answer.
 *
 * `deno run -A bench/bare.ts DIR HOST…`
 *
 * @module
 */
import { once } from "node:events";
import { connect } from "node:net";
// @ts-types="@types/ssh2"
import ssh2, { type AnyAuthMethod } from "ssh2";

const [dir = "", ...hosts] = Deno.args;
const key = ssh2.utils.parseKey(Deno.readTextFileSync(`${dir}/id_ed25519`));
if (key instanceof Error) throw key;
const login: AnyAuthMethod = { type: "publickey", username: "root", key };

async function check(host: string): Promise<void> {
  const script = Deno.readTextFileSync(`${dir}/checks/${host}`);
  const sock = connect({ host, port: 22 });
  sock.setNoDelay(true);
  await once(sock, "connect");
  const client = new ssh2.Client();
  const ready = once(client, "ready");
  client.connect({ sock, username: "root", authHandler: [login] });
  await ready;
  const said = await new Promise<string>((resolve, reject) =>
    client.exec("sh", (error, channel) => {
      if (error) return reject(error);
      const pieces: Uint8Array[] = [];
      channel.on("data", (piece: Uint8Array) => pieces.push(piece));
      channel.on("close", () => resolve(new TextDecoder().decode(concat(pieces))));
      channel.end(script);
    })
  );
  client.end();
  console.log(said);
}

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

await Promise.all(hosts.map(check));
Deno.exit(0);
