/**
 * What of a text must not get into a log: who may post to a webhook knows its URL, and nothing else.
 *
 * @module
 */

/**
 * The text with as many stars in place of what stands in a URL besides its scheme, host and port, or of a
 * webhook that is none.
 */
export const withoutSecrets = (text: string): string =>
  text.replaceAll(
    /(\bwebhook["']?\s*:\s*)(?!["']?https?:\/\/)([^\s,}][^,}]*)/g,
    (_, key: string, value: string) => key + "*".repeat(value.length),
  ).replaceAll(
    /(https?:\/\/)([^\s/?#"'@]*@)?([^\s/?#"']*)([^\s"']*)/gi,
    (_, scheme: string, login = "", host: string, rest: string) =>
      `${scheme}${"*".repeat(login.length)}${host}${rest.slice(0, 1)}${
        "*".repeat(Math.max(0, rest.length - 1))
      }`,
  );
