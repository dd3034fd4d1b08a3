// The SDK loads a pack through a TypeScript compiler of its own, which would refuse imports with
// .ts endings. Plain JavaScript passes it by; from here on Node runs the TypeScript as it is.
import "./pack.ts";
