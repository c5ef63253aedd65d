/**
 * Quorate and its libraries as a few files of JavaScript: one for what every start needs, the others for what a command
 * imports when it runs.
 *
 * @module
 */
import * as esbuild from "esbuild";
import { builtinModules, createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { library } from "../../src/author/library.ts";
import { must } from "./process.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Always the same place, since the paths of packages stand in the bundle, and one commit is to give the same bytes. */
const packages = `${root}node_modules/.cache/quorate/packages`;

/** Writes the bundle into a folder; `main.js` is where it starts. Returns the names of its files. */
export async function bundle(folder: string, commit: string): Promise<readonly string[]> {
  const { imports } = JSON.parse(await Deno.readTextFile(`${root}deno.json`));
  const own = Object.entries<string>(imports).filter(([, to]) => to.startsWith("./"));
  await install();
  try {
    const { outputFiles } = await esbuild.build({
      absWorkingDir: root,
      entryPoints: { main: "src/main.ts" },
      outdir: folder,
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "node",
      target: "esnext",
      write: false,
      logLevel: "silent",
      nodePaths: [`${packages}/node_modules`],
      alias: Object.fromEntries(own.map(([name, to]) => [name, `${root}${to}`])),
      define: {
        QUORATE_COMMIT: JSON.stringify(commit),
        __dirname: "import.meta.dirname",
        __filename: "import.meta.filename",
      },
      // Packages in CommonJS require what the runtime has built in, and nothing else is left to require. Importing
      // node:module for it would cost every start 30 ms.
      banner: { js: "const require = (name) => process.getBuiltinModule(name);" },
      plugins: [withoutNative, builtIn, authorLibrary, etcdProtocol],
    });
    await Deno.mkdir(folder, { recursive: true });
    for (const { path, contents } of outputFiles) await Deno.writeFile(path, contents, { mode: 0o644 });
    return outputFiles.map(({ path }) => path.slice(folder.length + 1));
  } finally {
    await esbuild.stop();
  }
}

/** The packages that the lock file names, as a folder that esbuild can look into. */
async function install(): Promise<void> {
  await Deno.mkdir(packages, { recursive: true });
  for (const name of ["deno.json", "deno.lock"]) await Deno.copyFile(`${root}${name}`, `${packages}/${name}`);
  const args = ["install", "--quiet", "--frozen", "--node-modules-dir=auto"];
  await must([Deno.execPath(), ...args], { cwd: packages });
}

/** ssh2 tries native addons and does without them: they cannot be part of one file. */
const withoutNative: esbuild.Plugin = {
  name: "without-native",
  setup(build) {
    build.onResolve({ filter: /\.node$|^cpu-features$/ }, ({ path }) => ({ path, namespace: "native" }));
    build.onLoad({ filter: /.*/, namespace: "native" }, ({ path }) => ({
      contents: `throw new Error(${JSON.stringify(`${path} is native code, and not part of this program`)});`,
    }));
  },
};

/** Deno knows what Node has built in by its full name only. */
const builtIn: esbuild.Plugin = {
  name: "built-in",
  setup(build) {
    build.onResolve(
      { filter: /^[a-z_]+(\/[a-z]+)?$/ },
      ({ path }) => builtinModules.includes(path) ? { path: `node:${path}`, external: true } : undefined,
    );
  },
};

/** etcd3 reads its protocol from files beside it: a bundle holds what is in them. */
const etcdProtocol: esbuild.Plugin = {
  name: "etcd-protocol",
  setup(build) {
    build.onLoad({ filter: /\/etcd3\/lib\/connection-pool\.js$/ }, async ({ path }) => {
      const source = await Deno.readTextFile(path);
      const call = "(0, proto_loader_1.loadSync)(`${__dirname}/../proto/rpc.proto`,";
      if (!source.includes(call)) throw new Error(`${path} does not read its protocol as it did`);
      const loader = createRequire(path).resolve("@grpc/proto-loader");
      const { Root }: { readonly Root: new () => ProtocolRoot } = createRequire(loader)("protobufjs");
      const root = new Root();
      const protocol = root.loadSync(join(dirname(path), "../proto/rpc.proto"), { keepCase: true }).toJSON();
      const contents = source.replace(call, `(0, proto_loader_1.fromJSON)(${JSON.stringify(protocol)},`);
      return { contents };
    });
  },
};
interface ProtocolRoot {
  loadSync(path: string, options: { readonly keepCase: boolean }): { toJSON(): unknown };
}

/** What `quorate types` writes is made of the sources, which an executable does not have: it carries the files. */
const authorLibrary: esbuild.Plugin = {
  name: "author-library",
  setup(build) {
    build.onLoad({ filter: /\/src\/author\/library\.ts$/ }, () => ({
      contents: `export const library = () => (${JSON.stringify(library())});`,
    }));
  },
};
