/**
 * A client of etcd that writes again and again: `deno run -A writer.ts PAUSE URL…`, so many milliseconds between two
 * writes. It puts the keys `writer/1`, `writer/2`, … over the JSON gateway, each until some endpoint acknowledges it, and
 * then prints `KEY MILLISECONDS`, the time of day; `- MILLISECONDS` for each try that no endpoint answered well. It knows
 * nothing of Quorate.
 *
 * @module
 */

/** A write that hangs is given up after this, and tried at the next endpoint. */
const PUT_MS = 1_000;

async function put(url: string, key: string, value: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/v3/kv/put`, {
      method: "POST",
      body: JSON.stringify({ key: btoa(key), value: btoa(value) }),
      signal: AbortSignal.timeout(PUT_MS),
    });
    const said = await answer.json();
    return answer.ok && said.header?.revision !== undefined;
  } catch {
    return false;
  }
}

if (import.meta.main) {
  const [pause = "", ...urls] = Deno.args;
  const tell = (what: string) => console.log(`${what} ${Date.now()}`);
  const rest = () => new Promise((r) => setTimeout(r, Number(pause)));
  for (let value = 1, at = 0;; value++) {
    while (!await put(urls[at % urls.length] ?? "", `writer/${value}`, `${value}`)) {
      tell("-");
      at++;
      await rest();
    }
    tell(`writer/${value}`);
    await rest();
  }
}
