import { serve } from "../provider.ts";
import { pluginVersion } from "../version.ts";
import { remoteCommand } from "./remoteCommand.ts";

/** The lab's stand-in for the official command plugin: commands over SSH. */
await serve({
  name: "command",
  version: pluginVersion("@pulumi/command"),
  resources: { "command:remote:Command": remoteCommand },
  lookups: {},
  secretConfig: [],
  checkConfig: () => [],
  configure: () => undefined,
});
