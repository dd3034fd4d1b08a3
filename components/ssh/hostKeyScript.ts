/** The script that gives a machine its lasting host key, for `sudo -n bash -s`. Pure. */
import type { KeyPair } from "./hostKey.ts";

/**
 * It is one function, called in the last line, so that a script that arrives in half runs nothing.
 * Run again it changes nothing, but sshd reads its key again: an earlier run may have been cut off
 * between the two.
 */
export function hostKeyScript({ publicKey, privateKey }: KeyPair): string {
  // Both become part of a shell script, inside quoted here-documents.
  if (
    !/^ssh-ed25519 [A-Za-z0-9+/=]+$/.test(publicKey) ||
    !/^-----BEGIN [A-Z ]+-----\n[A-Za-z0-9+/=\n]+-----END [A-Z ]+-----\n$/.test(privateKey)
  ) {
    throw new Error("the host key is not an ed25519 key in OpenSSH's form");
  }
  return `take_host_key() {
set -euo pipefail
umask 077
key=/etc/ssh/ssh_host_ed25519_key
cat > "$key.new" <<'END'
${privateKey}END
cat > "$key.pub.new" <<'END'
${publicKey}
END
chmod 644 "$key.pub.new"
# The private half last: it is the one that sshd shows.
mv -f "$key.pub.new" "$key.pub"
mv -f "$key.new" "$key"
unit=ssh
systemctl cat ssh.service > /dev/null 2>&1 || unit=sshd
systemctl reload "$unit"
}
take_host_key < /dev/null
`;
}
