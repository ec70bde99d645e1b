/**
 * Bundle the pixel: `node build.js [FOLDER]`, by default into the server's package. Prints the size and fails when it
 * does not fit into the limit.
 */
import { copyFileSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const LIMIT_BYTES = 4096;
/**
 * Most functions are called while the page loads. Chromium, told so, reads them all at once and not each at its first
 * call, which saves a fifth of the script's time on the main thread. Other browsers see a comment.
 */
const COMPILE_HINT = "//# allFunctionsCalledOnLoad";
const here = dirname(fileURLToPath(import.meta.url));
const { version } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
const folder = process.argv[2] ?? join(here, "../src/headgate/edge/pixel_script");
const outfile = join(folder, `${version}.js`);

await build({
  entryPoints: [join(here, "src/pixel.js")],
  outfile,
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2020",
  banner: { js: `/* Headgate pixel ${version} */\n${COMPILE_HINT}` },
});
copyFileSync(join(here, "snippet.html"), join(folder, "snippet.html"));

const script = readFileSync(outfile);
const zipped = gzipSync(script, { level: 9 }).length;
console.log(`pixel ${version}: ${script.length} bytes, ${zipped} gzipped (limit ${LIMIT_BYTES})`);
if (zipped > LIMIT_BYTES) {
  console.error(`the script is ${zipped - LIMIT_BYTES} bytes over its limit`);
  process.exitCode = 1;
}
