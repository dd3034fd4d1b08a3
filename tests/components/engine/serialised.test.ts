// What dynamic resources reach travels as text into the state, and runs there without our files: no
// module that they import, however far away, mentions `import.meta` or reads a file. Does not prove
// that the text runs: tests/provider does.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import test from "node:test";

const components = path.resolve(import.meta.dirname, "../../../components");

/** Every TypeScript file below components/. */
const files = readdirSync(components, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => path.join(components, name));

/** Without comments, which may speak of what the code must not do. */
function codeOf(text: string): string {
  return text.replace(/\/\*[^]*?\*\/|(?<![:"'`\\])\/\/.*$/gm, "");
}

/** Files of ours that a file imports for their values. */
function importsOf(file: string, code: string): string[] {
  const statements = code.matchAll(/^import\s+(?!type\b)[^;]*?from\s+"(\.{1,2}\/[^"]+)"/gm);
  return [...statements].map(([, to = ""]) => path.resolve(path.dirname(file), to));
}

/** What must not be in code that travels, with the reason. */
const forbidden: readonly [RegExp, string][] = [
  [/import\.meta/, "import.meta cannot be serialised"],
  [/["'](node:)?fs(\/promises)?["']|\b(readFile|readdir)(Sync)?\(/, "our files are not there"],
  [/import\(\s*["']\.{1,2}\//, "a relative import resolves from the working directory"],
];
const problemsIn = (code: string) =>
  forbidden.filter(([pattern]) => pattern.test(code)).map(([, why]) => why);

/** Declares a dynamic resource: through resource(), or still by hand. */
const declares = (code: string) =>
  /= resource<|pulumi\.dynamic\.ResourceProvider</.test(code) &&
  !/export function resource/.test(code);

const declaring = files.filter((file) => declares(codeOf(readFileSync(file, "utf8"))));

test("the rule sees what it forbids, and not what a comment says", () => {
  for (const bad of [
    "const here = import.meta.dirname;",
    'import { readFileSync } from "node:fs";',
    'const { readFile } = await import("node:fs/promises");',
    'const { x } = await import("./other.ts");',
  ])
    assert.equal(problemsIn(codeOf(bad)).length, 1, bad);
  for (const good of ["/** no import.meta here */", "// readFile(", 'await import("ssh2");'])
    assert.deepEqual(problemsIn(codeOf(good)), [], good);
  assert.ok(declaring.length >= 9, `only ${declaring.length} files declare a dynamic resource`);
});

for (const file of declaring) {
  test(`${path.relative(components, file)} and all it imports can travel`, () => {
    const reached = new Set([file]);
    for (const one of reached) {
      const code = codeOf(readFileSync(one, "utf8"));
      assert.deepEqual(problemsIn(code), [], path.relative(components, one));
      for (const next of importsOf(one, code)) reached.add(next);
    }
  });
}
