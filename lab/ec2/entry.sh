#!/bin/sh
# The first process of a machine: makes what EC2 and the kernel would have made by the time systemd
# starts, and becomes systemd. Its folder is mounted from the host; `volumes` in it has one line a
# volume: number, major, minor, volume id without hyphen.
set -eu
here=/usr/local/lib/etcd-lab

# systemd's sandboxing of services needs mounts that are shared.
mount --make-rshared /

# The resolver of a VPC knows the instance's own name; so does this file.
[ -s /etc/hosts ] || cp "$here/hosts" /etc/hosts

while read -r number major minor volume; do
  sh "$here/device.sh" add "$number" "$major" "$minor" "$volume"
done < "$here/volumes"
exec /sbin/init
