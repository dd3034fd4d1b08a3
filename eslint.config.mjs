// What eslint looks for: mistakes that types reveal, and the rules of the page that prettier leaves
// to the writer. How code is laid out is prettier's business alone.
import stylistic from "@stylistic/eslint-plugin";
import tseslint from "typescript-eslint";

/** Lines that may be wider than the page, because a break would hide what they say. */
const wideLines = {
  code: 100,
  ignoreUrls: true,
  ignoreRegExpLiterals: true,
  // base64 and digests cannot be broken, an import is one line for whoever searches it, and XML of
  // an API would get line ends that are none of its own
  ignorePattern: String.raw`[A-Za-z0-9+/=]{60,}|^import |^\} from |</\w+>`,
};

/** Promises that may be left alone, because somebody else awaits them. */
const awaitedElsewhere = [
  // the runner of the tests
  {
    from: "package",
    package: "node:test",
    name: ["after", "afterEach", "before", "beforeEach", "default", "describe", "it", "test"],
  },
  // Pulumi's SDK ends no program before its messages are out
  { from: "package", package: "@pulumi/pulumi", name: ["debug", "error", "info", "warn"] },
];

export default tseslint.config(
  { ignores: ["node_modules/", ".lab/", ".lab-2/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["**/*.ts", "**/*.mjs"],
    plugins: { "@stylistic": stylistic },
    rules: {
      "@stylistic/max-len": ["error", wideLines],
      "one-var": ["error", "never"],
      // a provider's code that travels as text declares before use
      "prefer-const": ["error", { ignoreReadBeforeAssign: true }],
      "no-var": "error",
      eqeqeq: "error",
    },
  },
  {
    files: ["**/*.ts"],
    plugins: { "@typescript-eslint": tseslint.plugin },
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/consistent-type-exports": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-array-delete": "error",
      "@typescript-eslint/no-duplicate-type-constituents": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-floating-promises": [
        "error",
        { allowForKnownSafeCalls: awaitedElsewhere },
      ],
      "@typescript-eslint/no-for-in-array": "error",
      "@typescript-eslint/no-implied-eval": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/no-unsafe-unary-minus": "error",
      "@typescript-eslint/only-throw-error": ["error", { allowThrowingUnknown: true }],
      "@typescript-eslint/prefer-promise-reject-errors": "error",
      "@typescript-eslint/restrict-plus-operands": "error",
      "@typescript-eslint/return-await": ["error", "error-handling-correctness-only"],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    // A server of a test may fail in its handler: the rejection nobody handles fails the test.
    files: ["tests/**/*.ts"],
    rules: {
      "@typescript-eslint/no-misused-promises": [
        "error",
        { checksVoidReturn: { arguments: false } },
      ],
    },
  },
);
