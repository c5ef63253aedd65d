/**
 * What of `node:module` makes files of an author's own into modules. In Node since 22.15, in Deno since 2.8; Deno's own
 * declarations do not know it yet.
 *
 * @module
 */
declare module "node:module" {
  interface Loaded {
    readonly source: string;
    readonly format: "module";
    readonly shortCircuit: true;
  }
  interface Resolved {
    readonly url: string;
    readonly format?: string;
    readonly shortCircuit?: boolean;
  }
  interface ResolveContext {
    readonly parentURL?: string;
  }
  /** Hooks that every later `import` and `require` in this process goes through, until they are taken away. */
  export function registerHooks(hooks: {
    resolve(
      specifier: string,
      context: ResolveContext,
      next: (specifier: string, context: ResolveContext) => Resolved,
    ): Resolved;
    load<C>(url: string, context: C, next: (url: string, context: C) => Loaded): Loaded;
  }): { deregister(): void };
  /** Types become blanks; in the mode `transform`, enums and the like become JavaScript. */
  export function stripTypeScriptTypes(
    text: string,
    options?: { readonly mode?: "strip" | "transform"; readonly sourceMap?: boolean },
  ): string;
}

export { isBuiltin, registerHooks, stripTypeScriptTypes } from "node:module";
