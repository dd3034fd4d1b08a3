/** `etcd:acceptRestore` lets one cluster through that is not the one remembered, once. Pure. */
import { refusalOf, type Stranger } from "./memory.ts";

export interface Acceptance {
  /** Why a stranger is refused; "" lets it through. */
  readonly refusal: (stranger: Stranger) => string;
  /** Whether one was let through. */
  readonly happened: () => boolean;
}

/** `acceptRestore`: the setting; `before`: what it was when it was last looked at. */
export function acceptanceOf(acceptRestore: string, before: string | undefined): Acceptance {
  const used = acceptRestore !== "" && acceptRestore === before;
  let accepted = false;
  return {
    refusal(stranger) {
      accepted = !used && stranger.clusterIds.join() === acceptRestore;
      return accepted ? "" : refusalOf(stranger, acceptRestore, used);
    },
    happened: () => accepted,
  };
}
